import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MachineCpu } from '../../../host-agent/sample/proc-stat.ts';
import { ProcessReplicas } from '../../../host-agent/sample/process-replicas.ts';
import { processTicks } from '../../../host-agent/sample/process-tree.ts';
import { Sampler } from '../../../host-agent/sample/sampler.ts';
import { temporaryTree, type Tree, writeTree } from '../support/tree.ts';

function procStat(user: number, steal: number): string {
  return (
    `cpu  ${2 * user} 10 20 900 5 1 2 ${2 * steal} 7 0\n` +
    `cpu0 ${user} 5 10 450 2 0 1 ${steal} 3 0\n` +
    `cpu1 ${user} 5 10 450 3 1 1 ${steal} 4 0\n` +
    'intr 12345 0 9 0\nctxt 99\nbtime 1763600000\nprocesses 12\n'
  );
}

/** A line of /proc/<pid>/stat with the given user, system and waited-for times. */
function pidStat(pid: number, ticks: readonly [number, number, number, number], name = 'node'): string {
  return `${pid} (${name}) S 1 ${pid} ${pid} 0 -1 4194304 99 0 0 0 ${ticks.join(' ')} 20 0 11 0 ${pid} 3133440 379\n`;
}

function process(pid: number, ticks: readonly [number, number, number, number], children = ''): Tree {
  return { [`${pid}/stat`]: pidStat(pid, ticks), [`${pid}/task/${pid}/children`]: children };
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text);
}

test('the machine: busy is user, nice, system and interrupts; waiting for a disk is idle', () => {
  const root = temporaryTree({ stat: procStat(100, 4) });
  const cpu = new MachineCpu(join(root, 'stat'));
  cpu.sample();
  writeTree(root, { stat: procStat(150, 6) });
  cpu.sample();
  expect(cpu.reading).toEqual({ cores: 2, busySeconds: 1, stealSeconds: 0.04 });
  cpu.close();
});

test('some of the machine’s CPUs are a node of their own', () => {
  const root = temporaryTree({ stat: procStat(100, 4) });
  const cpu = new MachineCpu(join(root, 'stat'), new Set([1]));
  cpu.sample();
  writeTree(root, { stat: procStat(150, 6) });
  cpu.sample();
  expect(cpu.reading).toEqual({ cores: 1, busySeconds: 0.5, stealSeconds: 0.02 });
  cpu.close();
});

test.each(['', 'garbage', 'cpu', 'cpu 1 2', '\n\n'])('contents %j of /proc/stat are no sample', (stat) => {
  const cpu = new MachineCpu(join(temporaryTree({ stat }), 'stat'));
  expect(cpu.sample()).toBe(false);
  cpu.close();
});

test.each(['node', 'a b', 'evil) S 1 2 3 (', '((('])('a process named %j', (name) => {
  const line = bytesOf(pidStat(7, [100, 20, 3, 4], name));
  expect(processTicks(line, line.length)).toBe(127);
});

test.each(['', ')', '7 (node) S', '7 (node) S 1 2 3 4 5 6 7 8 9 10 x y z w', 'no brackets at all'])(
  'contents %j are of no process',
  (text) => {
    const line = bytesOf(text);
    expect(processTicks(line, line.length)).toBeUndefined();
  },
);

function replicasOf(list: unknown, tree: Tree): { replicas: ProcessReplicas; root: string; refused: string[] } {
  const root = temporaryTree({ ...tree, 'processes.json': JSON.stringify(list) });
  const refused: string[] = [];
  const replicas = new ProcessReplicas(join(root, 'processes.json'), (why) => refused.push(why), root);
  replicas.refresh();
  replicas.sample();
  onTestFinished(() => replicas.close());
  return { replicas, root, refused };
}

test('a replica is its processes and their descendants', () => {
  const { replicas, root } = replicasOf(
    { a: [10, 20] },
    { ...process(10, [100, 0, 0, 0], '11 '), ...process(11, [50, 0, 0, 0]), ...process(20, [5, 5, 0, 0]) },
  );
  writeTree(root, {
    ...process(10, [110, 1, 0, 0], '11 '),
    ...process(11, [60, 2, 0, 0]),
    ...process(20, [6, 6, 0, 0]),
  });
  expect(replicas.sample()).toEqual([{ uid: 'a', cpuSeconds: 0.25, throttledSeconds: 0 }]);
});

test('what a child used is counted once when its parent has waited for it', () => {
  const { replicas, root } = replicasOf(
    { a: [10] },
    { ...process(10, [100, 0, 0, 0], '11 '), ...process(11, [50, 0, 0, 0]) },
  );
  writeTree(root, { ...process(10, [100, 0, 55, 0]), ...process(11, [0, 0, 0, 0]) });
  replicas.refresh();
  expect(replicas.sample()[0]?.cpuSeconds).toBe(0.05);
});

test('the list is read again when it changes; other processes do not make the counter jump or fall', () => {
  const { replicas, root } = replicasOf(
    { a: [10], b: [20] },
    { ...process(10, [100, 0, 0, 0]), ...process(20, [7, 0, 0, 0]), ...process(30, [90_000, 0, 0, 0]) },
  );
  writeTree(root, process(10, [150, 0, 0, 0]));
  expect(replicas.sample()[0]?.cpuSeconds).toBe(0.5);
  writeTree(root, { 'processes.json': JSON.stringify({ a: [30, 30] }) });
  replicas.refresh();
  expect(replicas.sample()).toEqual([{ uid: 'a', cpuSeconds: 0.5, throttledSeconds: 0 }]);
  writeTree(root, process(30, [90_010, 0, 0, 0]));
  expect(replicas.sample()).toEqual([{ uid: 'a', cpuSeconds: 0.6, throttledSeconds: 0 }]);
});

test.each(['{', '[]', '{"a": [0]}', '{"a": ["1"]}', '{"a": 1}', '{"": [1]}'])(
  'a list %j is refused with a reason, and what was known stays',
  (text) => {
    const { replicas, root, refused } = replicasOf({ a: [10] }, process(10, [1, 0, 0, 0]));
    writeFileSync(join(root, 'processes.json'), `${text} `);
    replicas.refresh();
    replicas.refresh();
    expect(refused).toHaveLength(1);
    expect(replicas.sample().map((replica) => replica.uid)).toEqual(['a']);
  },
);

test('a replica without a living process is left out', () => {
  const { replicas } = replicasOf({ a: [10], b: [11] }, process(10, [1, 0, 0, 0]));
  expect(replicas.sample().map((replica) => replica.uid)).toEqual(['a']);
});

test('a real process that ends is gone from the next sample', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const { replicas, root } = replicasOf({ a: [10] }, process(10, [1, 0, 0, 0]));
  replicas.close();
  writeTree(root, { 'real.json': JSON.stringify({ a: [child.pid] }) });
  const real = new ProcessReplicas(join(root, 'real.json'), (why) => expect.unreachable(why));
  onTestFinished(() => real.close());
  real.refresh();
  expect(real.sample()).toHaveLength(1);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(real.sample()).toEqual([]);
});

test('this machine’s own /proc/stat is understood', () => {
  const cpu = new MachineCpu();
  expect(cpu.sample()).toBe(true);
  expect(cpu.cores).toBe(readFileSync('/proc/stat', 'utf8').match(/^cpu\d/gm)?.length);
  cpu.close();
});

test('the sampler looks for replicas within two seconds, not with each sample, and says nothing without a node', () => {
  let refreshes = 0;
  let node: { cores: number; busySeconds: number; stealSeconds: number } | undefined;
  const sampler = new Sampler(
    { refresh: () => refreshes++, sample: () => node, close: () => undefined },
    { refresh: () => undefined, sample: () => [], close: () => undefined },
    250,
    () => 42,
  );
  expect(sampler.take()).toBeUndefined();
  node = { cores: 1, busySeconds: 2, stealSeconds: 0 };
  for (let sample = 0; sample < 16; sample++)
    expect(sampler.take()).toEqual({ monotonicMs: 42, cpu: node, replicas: [] });
  expect(refreshes).toBe(3);
});
