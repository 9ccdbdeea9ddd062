import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MachineCpu } from '../../../host-agent/sample/proc-stat.ts';
import { ProcessReplicas } from '../../../host-agent/sample/process-replicas.ts';
import { parseProcessStat, startClock } from '../../../host-agent/sample/process-stat.ts';
import { ProcessTree } from '../../../host-agent/sample/process-tree.ts';
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

type Ticks = readonly [user: number, system: number, waitedUser: number, waitedSystem: number];

/** A line of /proc/<pid>/stat. */
function pidStat(pid: number, ticks: Ticks, name = 'node', startedAt = 0): string {
  const times = `${ticks.join(' ')} 20 0 11 0 ${startedAt}`;
  return `${pid} (${name}) S 1 ${pid} ${pid} 0 -1 4194304 99 0 0 0 ${times} 3133440 379\n`;
}

function process(pid: number, ticks: Ticks, children = '', startedAt = 0): Tree {
  return { [`${pid}/stat`]: pidStat(pid, ticks, 'node', startedAt), [`${pid}/task/${pid}/children`]: children };
}

function bytesOf(text: string): Buffer {
  return Buffer.from(text);
}

test('a CPU that was offline adds what it used since, not its history', () => {
  const root = temporaryTree({ stat: procStat(360_000, 4) });
  const cpu = new MachineCpu(join(root, 'stat'), new Set([0, 1]));
  cpu.sample();
  writeTree(root, { stat: procStat(360_050, 4).replace(/^cpu1.*\n/m, '') });
  cpu.sample();
  expect(cpu.reading).toEqual({ cores: 1, busySeconds: 0.5, stealSeconds: 0 });
  writeTree(root, { stat: procStat(360_100, 5) });
  cpu.sample();
  expect(cpu.reading).toEqual({ cores: 2, busySeconds: 2, stealSeconds: 0.02 });
  cpu.close();
});

test('the machine: busy is user, nice, system and interrupts; waiting for a disk is idle', () => {
  const root = temporaryTree({ stat: procStat(100, 4) });
  const cpu = new MachineCpu(join(root, 'stat'));
  cpu.sample();
  writeTree(root, { stat: procStat(150, 6) });
  cpu.sample();
  expect(cpu.reading).toEqual({ cores: 2, busySeconds: 1, stealSeconds: 0.04 });
  cpu.close();
});

test('some of the machine’s CPUs can be the node', () => {
  const root = temporaryTree({ stat: procStat(100, 4) });
  const cpu = new MachineCpu(join(root, 'stat'), new Set([1]));
  cpu.sample();
  writeTree(root, { stat: procStat(150, 6) });
  cpu.sample();
  expect(cpu.reading).toEqual({ cores: 1, busySeconds: 0.5, stealSeconds: 0.02 });
  cpu.close();
});

test.each(['', 'garbage', 'cpu', 'cpu 1 2', '\n\n'])('the content %j of /proc/stat gives no sample', (stat) => {
  const cpu = new MachineCpu(join(temporaryTree({ stat }), 'stat'));
  expect(cpu.sample()).toBe(false);
  cpu.close();
});

test.each(['node', 'a b', 'evil) S 1 2 3 (', '((('])('a process named %j is read right', (name) => {
  const line = bytesOf(pidStat(7, [100, 20, 3, 4], name, 9));
  expect(parseProcessStat(line, line.length)).toEqual({ own: 120, waited: 7, startedAt: 9 });
});

test.each(['', ')', '7 (node) S', '7 (node) S 1 2 3 4 5 6 7 8 9 10 x y z w', 'no brackets at all'])(
  'the content %j is refused as a process',
  (text) => {
    const line = bytesOf(text);
    expect(parseProcessStat(line, line.length)).toBeUndefined();
  },
);

function replicasOf(list: unknown, tree: Tree): { replicas: ProcessReplicas; root: string; warnings: string[] } {
  const root = temporaryTree({ ...tree, 'processes.json': JSON.stringify(list) });
  const warnings: string[] = [];
  const replicas = new ProcessReplicas(join(root, 'processes.json'), (why) => warnings.push(why), root);
  replicas.refresh();
  replicas.sample();
  onTestFinished(() => replicas.close());
  return { replicas, root, warnings };
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

describe('processes below a replica’s own', () => {
  function treeOf(files: Tree, now = { ticks: 0 }): { tree: ProcessTree; root: string; now: { ticks: number } } {
    const root = temporaryTree(files);
    const tree = new ProcessTree([10], root, () => now.ticks);
    onTestFinished(() => tree.close());
    tree.sample();
    return { tree, root, now };
  }
  const secondsAfter = (tree: ProcessTree): number => {
    tree.sample();
    return tree.cpuSeconds;
  };

  test('a child that is missing from one look adds what it used since, not its history', () => {
    const { tree, root } = treeOf({ ...process(10, [0, 0, 0, 0], '11 '), ...process(11, [5000, 0, 0, 0]) });
    writeTree(root, process(10, [10, 0, 0, 0]));
    tree.refresh();
    expect(secondsAfter(tree)).toBe(0.1);
    writeTree(root, { ...process(10, [10, 0, 0, 0], '11 '), ...process(11, [5020, 0, 0, 0]) });
    tree.refresh();
    expect(secondsAfter(tree)).toBe(0.3);
  });

  test('a child that was missing from the first look adds no history either', () => {
    const { tree, root, now } = treeOf(
      { ...process(10, [0, 0, 0, 0]), ...process(11, [5000, 0, 0, 0], '', 3) },
      { ticks: 50 },
    );
    now.ticks = 100;
    writeTree(root, process(10, [0, 0, 0, 0], '11 '));
    tree.refresh();
    expect(secondsAfter(tree)).toBe(0);
    writeTree(root, process(11, [5030, 0, 0, 0], '', 3));
    expect(secondsAfter(tree)).toBe(0.3);
  });

  test('a child that started since the last look adds all that it used', () => {
    const { tree, root, now } = treeOf(process(10, [0, 0, 0, 0]), { ticks: 1000 });
    now.ticks = 1200;
    writeTree(root, { ...process(10, [0, 0, 0, 0], '11 '), ...process(11, [70, 0, 0, 0], '', 1100) });
    tree.refresh();
    expect(secondsAfter(tree)).toBe(0.7);
  });

  test('a child of another thread than the first is found', () => {
    const { tree, root } = treeOf({
      ...process(10, [0, 0, 0, 0]),
      '10/task/12/children': '13 ',
      ...process(13, [100, 0, 0, 0]),
    });
    writeTree(root, process(13, [140, 0, 0, 0]));
    expect(secondsAfter(tree)).toBe(0.4);
  });

  test('a child that nobody saw is counted when its parent has waited for it', () => {
    const { tree, root } = treeOf(process(10, [0, 0, 40, 0]));
    writeTree(root, process(10, [1, 0, 90, 9]));
    expect(secondsAfter(tree)).toBe(0.6);
  });

  test('a child that nobody waits for takes nothing from what comes later', () => {
    const { tree, root } = treeOf({ ...process(10, [0, 0, 0, 0], '11 '), ...process(11, [50, 0, 0, 0]) });
    writeTree(root, { ...process(10, [0, 0, 0, 0]), '11/stat': '' });
    for (let sample = 0; sample < 2; sample++) tree.sample();
    writeTree(root, process(10, [0, 0, 30, 0]));
    expect(secondsAfter(tree)).toBe(0.3);
  });

  test('what a grandchild used is counted once when all above it end in one sample', () => {
    const { tree, root } = treeOf({
      ...process(10, [0, 0, 0, 0], '11 '),
      ...process(11, [20, 0, 0, 0], '12 '),
      ...process(12, [500, 0, 0, 0]),
    });
    writeTree(root, { ...process(10, [0, 0, 540, 0]), '11/stat': '', '12/stat': '' });
    expect(secondsAfter(tree)).toBe(0.2);
  });

  test('real children that come, work and end are counted once', async () => {
    const loop = 'i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done';
    const script =
      `const { spawnSync } = require('node:child_process'); process.stdin.once('data', () => {` +
      `for (let i = 0; i < 4; i++) spawnSync('/bin/sh', ['-c', ${JSON.stringify(loop)}]);` +
      `process.stdout.write(String(require('node:fs').readFileSync('/proc/self/stat'))); process.stdin.resume(); })`;
    const parent = spawn(globalThis.process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const tree = new ProcessTree([parent.pid ?? 0], '/proc', startClock());
    onTestFinished(() => tree.close());
    tree.sample();
    const timer = setInterval(() => {
      tree.refresh();
      tree.sample();
    }, 20);
    onTestFinished(() => clearInterval(timer));
    parent.stdin.write('go');
    const [text] = (await once(parent.stdout, 'data')) as [Buffer];
    await new Promise((resolve) => setTimeout(resolve, 100));
    const total = parseProcessStat(text, text.length);
    expect(total?.waited).toBeGreaterThan(10);
    // The parent's own start lies before the first sample.
    expect(tree.cpuSeconds).toBeGreaterThan((total?.waited ?? 0) / 100 - 0.1);
    expect(tree.cpuSeconds).toBeLessThan(((total?.own ?? 0) + (total?.waited ?? 0)) / 100 + 0.1);
  });
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
    const { replicas, root, warnings } = replicasOf({ a: [10] }, process(10, [1, 0, 0, 0]));
    writeFileSync(join(root, 'processes.json'), `${text} `);
    replicas.refresh();
    replicas.refresh();
    expect(warnings).toEqual([expect.stringContaining('--processes: ')]);
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

test('the sampler looks for replicas every two seconds at most, and gives no sample without the node’s counters', () => {
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
