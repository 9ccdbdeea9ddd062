/** The real agent process on real cgroups, where we may make some. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { findCgroups } from '../../../tools/machine/cgroup-mounts.ts';
import type { PodCpuGrant } from '../../../contract/assignment.ts';
import { type AgentProcess, startAgent } from '../support/agent-process.ts';
import { ControllerStub } from '../support/controller-stub.ts';
import { type NodeGroup, makeNodeGroup } from '../support/node-group.ts';
import { temporaryTree } from '../support/tree.ts';
import { ReportedNode } from '../support/reported-node.ts';
import { line } from '../support/updates.ts';

const WAIT = { timeout: 20_000, interval: 50 };

interface Scene {
  readonly group: NodeGroup;
  readonly controller: ControllerStub;
  readonly saved: string;
  start(more?: readonly string[]): Promise<AgentProcess>;
  /** What the pod's files hold: shares and quota. */
  settings(uid: string): { shares: string; quota: string };
}

let scenes = 0;

/** A node with one core and two pods, and a controller that makes these grants. */
async function scene(cpu: readonly PodCpuGrant[], validForMs = 10_000): Promise<Scene> {
  const group = makeNodeGroup(`ballast-apply-${process.pid}-${scenes++}`, 1);
  if (group === undefined) throw new Error('the cgroup could not be made');
  onTestFinished(() => group.remove());
  for (const uid of ['a', 'b']) group.addPod(uid);
  const controller = new ControllerStub();
  controller.greeting = () => `${JSON.stringify(line({ validForMs, cpu: [...cpu] }))}\n`;
  const url = await controller.listen();
  onTestFinished(() => controller.close());
  const saved = join(temporaryTree({}), 'cpu-settings.json');
  const [sharesFile, quotaFile] = group.version === 1 ? ['cpu.shares', 'cpu.cfs_quota_us'] : ['cpu.weight', 'cpu.max'];
  const read = (uid: string, file: string): string => readFileSync(join(group.settings(uid), file), 'utf8').trim();
  return {
    group,
    controller,
    saved,
    async start(more = ['--cpu-control', saved]) {
      const flags = ['--node', 'n', '--controller', url.href, '--interval-ms', '100', '--node-cgroup', group.path];
      const agent = await startAgent([...flags, ...more]);
      onTestFinished(() => agent.kill());
      return agent;
    },
    settings: (uid) => ({ shares: read(uid, sharesFile), quota: read(uid, quotaFile) }),
  };
}

async function metric(agent: AgentProcess, line: RegExp): Promise<string | undefined> {
  const text = await (await fetch(`${agent.url}/metrics`)).text();
  return line.exec(text)?.[1];
}

describe.runIf(findCgroups().ok)('in real cgroups', () => {
  test('grants are set, changed and, when the agent stops, restored', async () => {
    const { start, controller, settings, saved } = await scene([{ uid: 'a', shares: 512, quotaCores: 0.5 }]);
    const before = settings('a');
    const other = settings('b');
    const agent = await start();
    await vi.waitFor(() => expect(settings('a').quota).toMatch(/^50000\b/), WAIT);
    const shares = settings('a').shares;
    expect(shares).not.toBe(before.shares);

    controller.send({ version: 2, validForMs: 10_000, cpu: [{ uid: 'a', shares: 2048, quotaCores: 0.25 }] });
    await vi.waitFor(() => expect(settings('a').quota).toMatch(/^25000\b/), WAIT);
    expect(Number(settings('a').shares) / Number(shares)).toBeCloseTo(4, 1);
    expect(settings('b')).toEqual(other);

    controller.send({ version: 2, validForMs: 10_000, cpu: [{ uid: 'a', quotaCores: 0.25 }] });
    await vi.waitFor(() => expect(settings('a').shares).toBe(before.shares), WAIT);
    expect(await agent.stop()).toBe(0);
    expect(settings('a')).toEqual(before);
    expect(existsSync(saved)).toBe(false);
  });

  test('a quota that Ballast set is not reported as a limit of the replica', async () => {
    const { start, controller, settings } = await scene([{ uid: 'a', quotaCores: 0.5 }]);
    await start();
    await vi.waitFor(() => expect(settings('a').quota).toMatch(/^50000\b/), WAIT);
    const node = new ReportedNode();
    const reported = (): readonly (string | number | null)[] => {
      const [, , , , limitCores = 0, grantedCores = 0] = node.takeAll(controller.reports).pods.get('a') ?? [];
      return [limitCores, grantedCores];
    };
    await vi.waitFor(() => expect(reported()).toEqual([null, 0.5]), WAIT);
    controller.send({ version: 2, validForMs: 10_000, cpu: [] });
    await vi.waitFor(() => expect(reported()).toEqual([null, null]), WAIT);
    const limits = node.reports.flatMap(({ pods = [] }) => pods.map(([, , , , limitCores]) => limitCores));
    expect(limits.every((limitCores) => limitCores === null)).toBe(true);
  });

  test('the next agent restores what a killed one left', async () => {
    const { start, controller, settings, saved } = await scene([{ uid: 'a', shares: 512, quotaCores: 0.5 }]);
    const before = settings('a');
    const killed = await start();
    await vi.waitFor(() => expect(settings('a').quota).toMatch(/^50000\b/), WAIT);
    await killed.kill();
    expect(settings('a')).not.toEqual(before);
    controller.greeting = () => `${JSON.stringify(line())}\n`;
    await start();
    await vi.waitFor(() => expect(settings('a')).toEqual(before), WAIT);
    await vi.waitFor(() => expect(existsSync(saved)).toBe(false), WAIT);
  });

  test('when the controller is lost, everything is restored when the assignments expire', async () => {
    const { start, controller, settings } = await scene([{ uid: 'a', shares: 512 }], 1500);
    const before = settings('a');
    await start();
    await vi.waitFor(() => expect(settings('a')).not.toEqual(before), WAIT);
    await controller.close();
    await vi.waitFor(() => expect(settings('a')).toEqual(before), WAIT);
  });

  test('without --cpu-control nothing is set, and the log says why', async () => {
    const { start, settings } = await scene([{ uid: 'a', shares: 512 }]);
    const before = settings('a');
    const agent = await start([]);
    await vi.waitFor(() => expect(agent.lines.join('\n')).toContain('--cpu-control'), WAIT);
    expect(settings('a')).toEqual(before);
    expect(await metric(agent, /^ballast_agent_cpu_grants (\d+)$/m)).toBe('1');
  });

  test('a quota stays within what the kernel accepts below the node and above the containers', async () => {
    const { start, group, settings } = await scene([
      { uid: 'a', quotaCores: 3 },
      { uid: 'b', quotaCores: 0.2 },
    ]);
    group.addContainer('b', 'app', 0.8);
    const agent = await start();
    // Version 1 would answer EINVAL to anything else.
    const [a, b] = group.version === 1 ? ['100000', '80000'] : ['300000 100000', '20000 100000'];
    await vi.waitFor(() => expect([settings('a').quota, settings('b').quota]).toEqual([a, b]), WAIT);
    expect(await metric(agent, /^ballast_agent_cpu_writes_total\{outcome="set"\} (\d+)$/m)).toBe('2');
    expect(await metric(agent, /^ballast_agent_cpu_writes_total\{outcome="failed"\} (\d+)$/m)).toBeUndefined();
  });

  test('two busy pods share their node in the ratio of their shares', async () => {
    const { start, group, settings } = await scene([
      { uid: 'a', shares: 3072 },
      { uid: 'b', shares: 1024 },
    ]);
    const before = settings('a');
    await start();
    await vi.waitFor(() => expect(settings('a')).not.toEqual(before), WAIT);
    // On one CPU, for two pods with a CPU each would not contend.
    for (const uid of ['a', 'b']) group.enter(uid, busyProcess(firstCpu()));
    const used = (): number[] => ['a', 'b'].map((uid) => group.cpuSeconds(uid));
    const [aBefore = 0, bBefore = 0] = used();
    const gained = (): number[] => used().map((seconds, index) => seconds - ([aBefore, bBefore][index] ?? 0));
    await vi.waitFor(() => expect(gained().reduce((sum, seconds) => sum + seconds)).toBeGreaterThan(1.5), WAIT);
    const [a = 0, b = 0] = gained();
    expect(a / b).toBeGreaterThan(2);
    expect(a / b).toBeLessThan(4.5);
  });
});

function firstCpu(): number {
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(allowed ?? 0);
}

/** A process that uses all it can get of one CPU. */
function busyProcess(cpu: number): number {
  const script = 'taskset -cp "$0" $$ > /dev/null && while :; do :; done';
  const child = spawn('/bin/sh', ['-c', script, String(cpu)], { stdio: ['ignore', 'ignore', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  if (child.pid === undefined) throw new Error('no process');
  return child.pid;
}
