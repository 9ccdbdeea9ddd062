/** The real agent process against real processes, in real cgroups where we may make them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Interface, createInterface } from 'node:readline';
import { Compile } from 'typebox/compile';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findCgroups } from '../../tools/machine/cgroup-mounts.ts';
import { AgentReport } from '../../contract/report.ts';
import { type AgentProcess, startAgent } from './support/agent-process.ts';
import { ControllerStub } from './support/controller-stub.ts';
import { makeNodeGroup } from './support/node-group.ts';
import { encodeSync, type ReadAnswer, readSyncAnswer, type SyncMessage } from '../support/proxy-sync.ts';
import { ReportedNode } from './support/reported-node.ts';
import { encodeStatistics, posted } from './support/statistics.ts';
import { readTable } from './support/table.ts';
import { temporaryTree, writeTree } from './support/tree.ts';
import { line, rows, update } from './support/updates.ts';

const OldReport = Compile(AgentReport);
const WAIT = { timeout: 20_000, interval: 50 };

/** Burns the CPU seconds that each line asks for, and answers with all that it has used since it started. */
const BURNER = `
const used = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6; };
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const until = used() + Number(line);
  while (used() < until);
  console.log(used());
});`;

class Burner {
  #child: ChildProcess;
  #answers: Interface;
  readonly pid: number;

  constructor() {
    this.#child = spawn(process.execPath, ['-e', BURNER], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.#child.pid === undefined || this.#child.stdout === null) throw new Error('no process');
    this.pid = this.#child.pid;
    this.#answers = createInterface({ input: this.#child.stdout });
  }

  /** CPU seconds used since the process started. */
  async burn(seconds: number): Promise<number> {
    const answer = once(this.#answers, 'line');
    this.#child.stdin?.write(`${seconds}\n`);
    return Number((await answer)[0]);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

interface Place {
  readonly flags: readonly string[];
  /** Makes the process a replica of its own. */
  add(uid: string, pid: number): void;
  /** Takes away a replica whose process has ended. */
  drop(uid: string): void;
}

function inCgroups(): Place {
  const group = makeNodeGroup(`ballast-test-${process.pid}`, 0.75);
  if (group === undefined) throw new Error('the cgroup could not be made');
  onTestFinished(() => group.remove());
  return {
    flags: ['--node-cgroup', group.path],
    add(uid, pid) {
      group.addPod(uid);
      group.enter(uid, pid);
    },
    drop: (uid) => group.removePod(uid),
  };
}

function inProc(): Place {
  const replicas: Record<string, number[]> = {};
  const root = temporaryTree({ 'processes.json': '{}' });
  const save = (): void => writeTree(root, { 'processes.json': JSON.stringify(replicas) });
  return {
    flags: ['--processes', join(root, 'processes.json')],
    add(uid, pid) {
      replicas[uid] = [pid];
      save();
    },
    drop(uid) {
      delete replicas[uid];
      save();
    },
  };
}

function startBurner(): Burner {
  const burner = new Burner();
  onTestFinished(() => burner.end());
  return burner;
}

async function agentWith(controller: ControllerStub, flags: readonly string[]): Promise<AgentProcess> {
  const url = await controller.listen();
  const agent = await startAgent(['--node', 'node-1', '--controller', url.href, '--interval-ms', '100', ...flags]);
  onTestFinished(async () => {
    await agent.stop();
    await controller.close();
  });
  return agent;
}

/** CPU seconds and the rest of a replica, as the controller knows them. */
function replicaIn(node: ReportedNode, uid: string): { readonly cpuSeconds: number } | undefined {
  const row = node.pods.get(uid);
  return row && { cpuSeconds: row[1] };
}

/** /proc is there on every machine; real cgroups are used as well where they can be made. */
const places: [string, () => Place][] = [['/proc', inProc]];
if (findCgroups().ok) places.push(['cgroups', inCgroups]);

test.each(places)('what a busy process used is what is reported of its replica, by %s', async (_, makePlace) => {
  const controller = new ControllerStub();
  const place = makePlace();
  const first = startBurner();
  const before = await first.burn(0);
  place.add('first', first.pid);
  await agentWith(controller, place.flags);
  const node = new ReportedNode();
  const now = (): ReportedNode => node.takeAll(controller.reports);
  await vi.waitFor(() => expect(replicaIn(now(), 'first')).toBeDefined(), WAIT);
  const start = node.reports.at(-1);

  const used = (await first.burn(0.5)) - before;
  await vi.waitFor(() => expect(replicaIn(now(), 'first')?.cpuSeconds).toBeGreaterThan(used - 0.05), WAIT);
  const end = node.reports.at(-1);
  expect(replicaIn(node, 'first')?.cpuSeconds).toBeLessThan(used + 0.1);
  expect((end?.cpu[1] ?? 0) - (start?.cpu[1] ?? 0)).toBeGreaterThan(0.4);
  expect(end?.monotonicMs).toBeGreaterThan(start?.monotonicMs ?? Infinity);

  const second = startBurner();
  place.add('second', second.pid);
  await vi.waitFor(() => expect(replicaIn(now(), 'second')).toBeDefined(), WAIT);
  await second.end();
  place.drop('second');
  await vi.waitFor(() => expect(replicaIn(now(), 'second')).toBeUndefined(), WAIT);
  expect(replicaIn(node, 'first')).toBeDefined();

  const totals = node.reports.flatMap(({ pods = [] }) => pods.filter(([uid]) => uid === 'first').map((row) => row[1]));
  expect(totals).toEqual(totals.toSorted((a, b) => a - b));
  await first.end();
});

const KEY = rows().key;

test('services reach the proxies that want them, what these count reaches the controller, and losing it ends the table', async () => {
  const controller = new ControllerStub();
  controller.greeting = ({ services }) =>
    `${JSON.stringify(line({ validForMs: 1500, services: services.map(([key], id) => rows({ id, key })) }))}\n`;
  const heartbeats = setInterval(() => controller.send({ version: 1, validForMs: 1500 }), 300);
  onTestFinished(() => clearInterval(heartbeats));
  const agent = await agentWith(controller, inProc().flags);
  const sync = async (message: SyncMessage): Promise<ReadAnswer> => {
    const body = Buffer.from(encodeSync({ pod: 'geo-0', namespace: 'hotel', holdMs: 20_000, ...message }));
    const response = await fetch(`${agent.url}/v1/sync`, { method: 'POST', body });
    return readSyncAnswer(new Uint8Array(await response.arrayBuffer()));
  };
  const first = await sync({ services: [{ key: KEY }], called: [{ service: KEY, replica: 'search-0', requests: 3 }] });
  expect(first.blocks).toMatchObject([{ key: KEY, replicas: [{ name: 'search-0' }] }]);
  expect(controller.subscriptions.at(-1)?.services).toEqual([[KEY, 0]]);
  const node = new ReportedNode();
  await vi.waitFor(() => {
    expect(node.takeAll(controller.reports).called.get(KEY)?.[1]).toBe(3);
  }, WAIT);

  const held = { epoch: first.epoch, hasTable: true, services: [{ key: KEY, version: first.blocks[0]?.version ?? 0 }] };
  const next = sync({ sequence: 2, ...held });
  await vi.waitFor(() => expect(node.takeAll(controller.reports).reports.at(-1)?.used).toBe(1), WAIT);
  await controller.close();
  expect(await next).toMatchObject({ complete: true, validForMs: 0, blocks: [] });
  expect((await fetch(`${agent.url}/readyz`)).status).toBe(503);
  const metrics = await (await fetch(`${agent.url}/metrics`)).text();
  expect(metrics).toMatch(/^ballast_agent_statistics_total\{outcome="accepted"\} 2$/m);
  expect(metrics).toMatch(/^ballast_agent_wanted_services 1$/m);
  expect(await agent.stop()).toBe(0);
  expect(agent.lines.length).toBeLessThan(15);
});

test('an agent that restarts answers a proxy with all that it wants, and asks for no less than before', async () => {
  const controller = new ControllerStub();
  controller.greeting = ({ services }) =>
    `${JSON.stringify(line({ services: services.map(([key], id) => rows({ id, key })) }))}\n`;
  const url = await controller.listen();
  onTestFinished(() => controller.close());
  const flags = ['--node', 'node-1', '--controller', url.href, ...inProc().flags];
  const keys = [KEY, '80|geo.hotel.svc.cluster.local'];
  let epoch = 7;
  for (let start = 0; start < 2; start++) {
    const agent = await startAgent(flags);
    onTestFinished(() => agent.kill());
    const services = keys.map((key) => ({ key, version: 5 }));
    const body = Buffer.from(encodeSync({ holdMs: 20_000, epoch, hasTable: true, services }));
    const response = await fetch(`${agent.url}/v1/sync`, { method: 'POST', body });
    const answer = readSyncAnswer(new Uint8Array(await response.arrayBuffer()));
    expect(answer.complete).toBe(true);
    expect(answer.blocks.map(({ key }) => key).toSorted()).toEqual(keys.toSorted());
    expect(answer.epoch).not.toBe(epoch);
    epoch = answer.epoch;
    await agent.kill();
  }
});

describe('of the version before', () => {
  test('a plugin is served by a controller of this version, which is asked for all services', async () => {
    const controller = new ControllerStub();
    controller.greeting = ({ all }) => `${JSON.stringify(line({ services: all ? [rows()] : [] }))}\n`;
    const agent = await agentWith(controller, inProc().flags);
    const response = await fetch(`${agent.url}/v1/table?version=900`);
    const table = readTable(new Uint8Array(await response.arrayBuffer()));
    const full =
      table.services > 0
        ? table
        : readTable(
            new Uint8Array(await (await fetch(`${agent.url}/v1/table?version=${table.version}`)).arrayBuffer()),
          );
    expect(full.replicas.map((replica) => replica.name)).toEqual(['search-0']);
    const body = encodeStatistics({ ...posted('ab', 1), tableVersion: full.version });
    expect((await fetch(`${agent.url}/v1/statistics`, { method: 'POST', body })).status).toBe(204);
    const node = new ReportedNode();
    await vi.waitFor(() => {
      node.takeAll(controller.reports);
      expect(node.called.get('8080|geo.hotel')?.[1]).toBe(1);
      expect(node.served.get('hotel/search-0')?.at(-1)?.[2]).toBe(1);
    }, WAIT);
  });

  test('a controller is followed and reported to by an agent of this version with plugins of either', async () => {
    const controller = new ControllerStub();
    controller.isOld = true;
    controller.oldGreeting = () => `${JSON.stringify(update())}\n`;
    const agent = await agentWith(controller, inProc().flags);
    const table = await fetch(`${agent.url}/v1/table?version=900`);
    const { version } = readTable(new Uint8Array(await table.arrayBuffer()));
    const old = encodeStatistics({ ...posted('ab', 3), tableVersion: version });
    expect((await fetch(`${agent.url}/v1/statistics`, { method: 'POST', body: old })).status).toBe(204);
    const services = [{ key: update().services[0]?.key ?? '' }];
    const called = [{ service: services[0]?.key ?? '', replica: 'search-0', requests: 3 }];
    const message = encodeSync({ pod: 'geo-0', instance: 'cd', complete: true, holdMs: 20_000, services, called });
    const sync = await fetch(`${agent.url}/v1/sync`, { method: 'POST', body: Buffer.from(message) });
    const answer = readSyncAnswer(new Uint8Array(await sync.arrayBuffer()));
    expect(answer.blocks).toMatchObject([{ replicas: [{ name: 'search-0', weight: 1 }] }]);
    await vi.waitFor(() => {
      const proxies = controller.reports
        .filter((report) => report.includes('"proxies"'))
        .flatMap((report) => OldReport.Parse(JSON.parse(report)).proxies);
      expect(proxies.find(({ instance }) => instance === 'ab')).toMatchObject({ pod: 'search-0', tableVersion: 1 });
      expect(proxies.find(({ instance }) => instance === 'cd')).toMatchObject({ called: [{ requests: 3 }] });
    }, WAIT);
  });
});

test.each([
  [['--node-cgroup', 'no/such/group'], 'NO_CPU_SOURCE'],
  [['--cgroup-root', '/nowhere'], 'NO_CPU_SOURCE'],
  [['--listen', '192.0.2.1:1', '--processes', '/nowhere'], '--listen'],
  [['--cpu-control', '/tmp/ballast-cpu', '--processes', '/nowhere'], '--cpu-control'],
])('%j ends the agent with what to do', async (flags, expected) => {
  await expect(startAgent(flags)).rejects.toThrow(expected);
});
