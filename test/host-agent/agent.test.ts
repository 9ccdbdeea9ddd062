/** The real agent process against real processes, in real cgroups where we may make them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Interface, createInterface } from 'node:readline';
import { Compile } from 'typebox/compile';
import { expect, onTestFinished, test, vi } from 'vitest';
import { findCgroups } from '../../tools/machine/cgroup-mounts.ts';
import { AgentReport, type ReplicaCpu } from '../../contract/report.ts';
import { type AgentProcess, startAgent } from './support/agent-process.ts';
import { ControllerStub } from './support/controller-stub.ts';
import { makeNodeGroup } from './support/node-group.ts';
import { encodeStatistics } from './support/statistics.ts';
import { readTable } from './support/table.ts';
import { temporaryTree, writeTree } from './support/tree.ts';
import { update } from './support/updates.ts';

const Report = Compile(AgentReport);
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

function lastReport(controller: ControllerStub): AgentReport {
  return Report.Parse(JSON.parse(controller.reports.at(-1) ?? 'null'));
}

function replicaIn(report: AgentReport, uid: string): ReplicaCpu | undefined {
  return report.replicas.find((replica) => replica.uid === uid);
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
  await vi.waitFor(() => expect(replicaIn(lastReport(controller), 'first')).toBeDefined(), WAIT);
  const start = lastReport(controller);

  const used = (await first.burn(0.5)) - before;
  await vi.waitFor(() => {
    expect(replicaIn(lastReport(controller), 'first')?.cpuSeconds).toBeGreaterThan(used - 0.05);
  }, WAIT);
  const end = lastReport(controller);
  expect(replicaIn(end, 'first')?.cpuSeconds).toBeLessThan(used + 0.1);
  expect(end.cpu.busySeconds - start.cpu.busySeconds).toBeGreaterThan(0.4);
  expect(end.monotonicMs).toBeGreaterThan(start.monotonicMs);

  const second = startBurner();
  place.add('second', second.pid);
  await vi.waitFor(() => expect(replicaIn(lastReport(controller), 'second')).toBeDefined(), WAIT);
  await second.end();
  place.drop('second');
  await vi.waitFor(() => expect(replicaIn(lastReport(controller), 'second')).toBeUndefined(), WAIT);
  expect(replicaIn(lastReport(controller), 'first')).toBeDefined();

  const valid = controller.reports.map((report) => Report.Parse(JSON.parse(report)));
  const totals = valid.map((report) => replicaIn(report, 'first')?.cpuSeconds ?? 0);
  expect(totals).toEqual(totals.toSorted((a, b) => a - b));
  await first.end();
});

test('assignments reach proxies, their statistics reach the controller, and losing it ends the table', async () => {
  const controller = new ControllerStub();
  controller.greeting = () => `${JSON.stringify(update({ validForMs: 1500 }))}\n`;
  const agent = await agentWith(controller, inProc().flags);
  const first = await fetch(`${agent.url}/v1/table?version=900`);
  const table = readTable(new Uint8Array(await first.arrayBuffer()));
  expect(table.replicas.map((replica) => replica.name)).toEqual(['search-0']);

  const counters = { namespace: 'hotel', pod: 'geo-0', instance: 'ab', sequence: 3, fallbacks: 0, called: [] };
  const body = encodeStatistics({ ...counters, tableVersion: Number(table.version) });
  expect((await fetch(`${agent.url}/v1/statistics`, { method: 'POST', body })).status).toBe(204);
  await vi.waitFor(() => {
    const proxies = controller.reports.flatMap((report) => Report.Parse(JSON.parse(report)).proxies);
    expect(proxies).toEqual([{ ...counters, tableVersion: update({}).version }]);
  }, WAIT);

  await controller.close();
  const next = await fetch(`${agent.url}/v1/table?version=${table.version}`);
  expect(readTable(new Uint8Array(await next.arrayBuffer())).services).toBe(0);
  expect((await fetch(`${agent.url}/readyz`)).status).toBe(503);
  const metrics = await (await fetch(`${agent.url}/metrics`)).text();
  expect(metrics).toMatch(/^ballast_agent_statistics_total\{outcome="accepted"\} 1$/m);
  expect(await agent.stop()).toBe(0);
  expect(agent.lines.length).toBeLessThan(15);
});

test.each([
  [['--node-cgroup', 'no/such/group'], 'NO_CPU_SOURCE'],
  [['--cgroup-root', '/nowhere'], 'NO_CPU_SOURCE'],
  [['--listen', '192.0.2.1:1', '--processes', '/nowhere'], '--listen'],
  [['--cpu-control', '/tmp/ballast-cpu', '--processes', '/nowhere'], '--cpu-control'],
])('%j ends the agent with what to do', async (flags, expected) => {
  await expect(startAgent(flags)).rejects.toThrow(expected);
});
