/** The lab itself: it comes up whole, serves through its gateway, and leaves nothing behind. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { downLab } from '../../tools/lab/down.ts';
import { type Lab, openLab } from '../../tools/lab/lab.ts';
import { remainsOfNetwork } from '../../tools/lab/network/network.ts';
import { LabCgroups } from '../../tools/lab/node/cgroups.ts';
import { LAB } from '../../tools/lab/settings.ts';
import { readStatus } from '../../tools/lab/status.ts';
import { upLab } from '../../tools/lab/up.ts';

const UP_LIMIT_MS = 600_000;
const HOTELS = '/hotels?inDate=2015-04-09&outDate=2015-04-10&lat=38&lon=-122';

let lab: Lab;

beforeAll(async () => {
  lab = await openLab();
});

/** Processes of this machine whose command line or control group names the lab. */
function processesOfLab(folder: string): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const group = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
      return command.includes(folder) || group.includes(`/${LAB}/`) ? [`${pid} ${command}`] : [];
    } catch {
      return []; // No process, or one that ended meanwhile.
    }
  });
}

describe('the lab', () => {
  test('has four nodes and all its pods are ready', async () => {
    const status = await readStatus(lab);
    expect(status.nodes.map(({ name, running }) => `${name} ${running}`)).toEqual([
      'control-plane true',
      'node-1 true',
      'node-2 true',
      'node-3 true',
    ]);
    expect(status.pods.notReady).toEqual([]);
    expect(status.pods.ready).toBeGreaterThan(30);
  });

  test('has one replica of each service on each worker', async () => {
    const columns = 'custom-columns=name:.metadata.name,node:.spec.nodeName';
    const list = await lab.kubectl.run('-n', 'hotel-reservation', 'get', 'pods', '--no-headers', '-o', columns);
    const nodesOfSearch = list.match(/^search-\d+ +\S+/gm)?.map((line) => line.split(/ +/)[1]);
    expect(nodesOfSearch?.toSorted()).toEqual(['node-1', 'node-2', 'node-3']);
  });

  test('gives its nodes their sizes', async () => {
    const sizes = lab.workers.map((node) => {
      // Tests run on nodes without a limit (support/global-setup.ts).
      onTestFinished(() => node.limit(false));
      node.limit(true);
      const read = (file: string): number => Number(readFileSync(join(node.cgroup('cpu'), file), 'utf8'));
      return read('cpu.cfs_quota_us') / read('cpu.cfs_period_us');
    });
    expect(sizes).toEqual([0.6, 0.4, 0.3]);
  });

  test('answers through its ingress gateway, by replicas that Ballast chose', async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const response = await fetch(new URL(HOTELS, lab.ingress));
        await response.arrayBuffer();
        return response.status;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 12 }, () => 200));
    const stats = ['pilot-agent', 'request', 'GET', 'stats?filter=ballast_picks_total'];
    const picks = await lab.kubectl.run('-n', 'hotel-reservation', 'exec', 'deployment/hotel-gateway', '--', ...stats);
    expect(Number(/ballast_picks_total: (\d+)/.exec(picks)?.[1])).toBeGreaterThan(0);
  });

  test('comes back with what a node had when that node was killed', async () => {
    const node = lab.node('node-3');
    node.kill();
    expect(node.runs).toBe(false);
    await upLab({ until: 'hotel' });
    for (const worker of lab.workers) worker.limit(false);
    expect(node.runs).toBe(true);
    const status = await readStatus(lab);
    expect(status.nodes.map(({ running }) => running)).toEqual([true, true, true, true]);
    expect(status.pods.notReady).toEqual([]);
  });

  test(
    'goes without leaving a process, group, network or state, and comes again',
    async () => {
      expect(processesOfLab(lab.folder.path)).not.toEqual([]);
      expect(await downLab()).toEqual([]);
      expect(processesOfLab(lab.folder.path)).toEqual([]);
      const groups = LabCgroups.find().hierarchies.map(({ mountPoint }) => join(mountPoint, LAB));
      expect(groups.filter((group) => existsSync(group))).toEqual([]);
      expect(await remainsOfNetwork()).toEqual([]);
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(LAB);
      expect(readdirSync(lab.folder.path)).toEqual(['logs']);
      lab = await upLab({ until: 'hotel' });
      for (const node of lab.workers) node.limit(false);
      expect((await readStatus(lab)).pods.notReady).toEqual([]);
    },
    UP_LIMIT_MS,
  );
});
