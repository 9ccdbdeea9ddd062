/** Nodes on this machine, with real processes: control groups where they can be written, and pinned cores anywhere. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { findCgroups } from '../../../../tools/machine/cgroup-mounts.ts';
import { openNodes } from '../../../../tools/local-mesh/node/open-nodes.ts';
import { allowedCpus, processIdentity } from '../../../../tools/machine/processes.ts';
import { RunDirectory, newRunName } from '../../../../tools/local-mesh/process/run-directory.ts';
import { Supervisor } from '../../../../tools/local-mesh/process/supervisor.ts';

const cgroups = findCgroups();
const SIZES = [
  { name: 'node-1', cores: 0.2 },
  { name: 'node-2', cores: 0.2 },
];
const SPIN = { command: '/bin/sh', arguments: ['-c', 'while :; do :; done'] };

let cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanUp) await step();
  cleanUp = [];
});

function open(pinned: boolean) {
  const run = new RunDirectory(newRunName());
  const { set } = openNodes(run, SIZES, pinned);
  const failures: string[] = [];
  const supervisor = new Supervisor(run, ({ message }) => failures.push(message));
  const end = async () => {
    supervisor.killAll();
    await supervisor.allEnded();
    return set.remove();
  };
  cleanUp.push(async () => {
    await end();
    run.remove();
  });
  const [node] = set.nodes;
  if (!node) throw new Error('there is no node');
  return { run, set, node, supervisor, failures, end };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20);
}

describe.each(cgroups.ok ? [false, true] : [true])('nodes, pinned cores: %s', (pinned) => {
  it('count what runs on them, and leave nothing behind', async () => {
    const { set, node, supervisor, end, failures } = open(pinned);
    supervisor.start({ name: 'busy', node, place: { kind: 'pod', uid: 'uid-1' }, ...SPIN });
    supervisor.start({ name: 'neighbour', node, place: { kind: 'neighbour' }, ...SPIN });
    const pids = [supervisor.pidOf('busy'), supervisor.pidOf('neighbour')];
    await until(() => node.cpuSeconds() > 0.2);
    expect(set.nodes[1]?.cpuSeconds() ?? 0).toBeLessThan(0.1);
    expect(await end()).toEqual([]);
    for (const pid of pids) expect(processIdentity(pid ?? 0)).toBeUndefined();
    expect(failures).toEqual([]);
  });
});

if (cgroups.ok) {
  const files = cgroups.value;
  describe('control groups', () => {
    it('hold a process and its children within the quota from the first instruction on', async () => {
      const { run, node, supervisor } = open(false);
      supervisor.start({ name: 'busy', node, place: { kind: 'pod', uid: 'uid-1' }, ...SPIN });
      const group = `${run.name}/node-1/kubepods/burstable/poduid-1`;
      const [directory = ''] = files.directories(group);
      await until(() => readFileSync(`${directory}/cgroup.procs`, 'utf8').includes(String(supervisor.pidOf('busy'))));
      await until(
        () => Number(/^nr_throttled (\d+)$/m.exec(readFileSync(`${directory}/../../../cpu.stat`, 'utf8'))?.[1]) > 5,
      );
    });

    it('are removed with their processes when the run that made them was killed', async () => {
      const script = `
      import { openNodes } from './tools/local-mesh/node/open-nodes.ts';
      import { newRunName, RunDirectory } from './tools/local-mesh/process/run-directory.ts';
      import { Supervisor } from './tools/local-mesh/process/supervisor.ts';
      const run = new RunDirectory(newRunName());
      const { set } = openNodes(run, [{ name: 'node-1', cores: 0.2 }]);
      const supervisor = new Supervisor(run, () => {});
      for (const [name, node] of [['inside', set.nodes[0]], ['outside', set.edge]]) {
        supervisor.start({ name, node, place: { kind: 'system' }, command: 'sleep', arguments: ['600'] });
      }
      console.log(JSON.stringify({ run: run.path, name: run.name, pids: ['inside', 'outside'].map((p) => supervisor.pidOf(p)) }));
    `;
      const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
        cwd: process.cwd(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const said = await new Promise<string>((resolve) => owner.stdout.once('data', (data) => resolve(String(data))));
      const left = JSON.parse(said) as { run: string; name: string; pids: number[] };
      const ended = new Promise((resolve) => owner.once('exit', resolve));
      owner.kill('SIGKILL');
      await ended;
      expect(files.children('')).toContain(left.name);
      const { set } = open(false);
      await until(() => left.pids.every((pid) => processIdentity(pid) === undefined));
      expect(files.children('')).not.toContain(left.name);
      expect(existsSync(left.run)).toBe(false);
      expect(set.nodes).toHaveLength(2);
    });
  });
}

describe('pinned cores', () => {
  it('are fewer than asked for on a small machine, and it is said', () => {
    const { set, run } = open(true);
    const cpus = allowedCpus();
    expect(set.nodes).toHaveLength(
      Math.min(SIZES.length, Math.max(1, cpus.length > 2 ? cpus.length - 1 : cpus.length)),
    );
    expect(set.notice).toContain(`${set.nodes.length} nodes are one core each`);
    expect(set.nodes[0]?.agentFlags).toContain('--processes');
    expect(readdirSync(run.path)).toContain('processes-node-1.json');
  });
});

describe('supervision', () => {
  it('reports a process that ends by itself with the end of its log, and none that was stopped', async () => {
    const { node, supervisor, failures } = open(true);
    const place = { kind: 'system' } as const;
    supervisor.start({ name: 'calm', node, place, command: 'sleep', arguments: ['600'] });
    await supervisor.stop('calm');
    supervisor.start({ name: 'broken', node, place, command: '/bin/sh', arguments: ['-c', 'echo no luck; exit 3'] });
    supervisor.start({ name: 'missing', node: open(true).set.edge, place, command: '/no/such/tool', arguments: [] });
    await supervisor.allEnded();
    expect(failures).toHaveLength(2);
    expect(failures.find((message) => message.startsWith('broken'))).toMatch(/exit code 3[^]*no luck/);
    expect(failures.find((message) => message.startsWith('missing'))).toContain('ENOENT');
  });
});
