/** The agent's sampler on a kernel with cgroup version 2. */
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { call } from './support/guest.ts';
import { DRIVERS, Pod } from './support/pods.ts';
import { cpuSecondsOf, measure, replicaOf } from './support/usage.ts';

test('the agent finds the unified hierarchy, and the machine is the node', async () => {
  expect(await call('describeSources')).toBe('cgroup v2');
  expect((await call('sample')).node?.cores).toBe(2);
});

test('a node without a group for pods is told in the log', async () => {
  await call('openOther', { nodeCgroup: 'init.scope' });
  expect((await call('sampleOther')).warnings).toEqual([expect.stringContaining('no pods found')]);
});

test.each([
  'ballast-depth/custom/kubepods/burstable/pod7',
  'ballast-depth/custom.slice/custom-kubepods.slice/custom-kubepods-burstable.slice/custom-kubepods-burstable-pod7.slice',
])('a pod is found below a cgroup root of kubelet’s own: %s', async (path) => {
  onTestFinished(async () => call('destroyGroup', 'ballast-depth'));
  await call('makeGroup', path);
  await call('openOther', { nodeCgroup: 'ballast-depth' });
  expect((await call('sampleOther')).replicas).toEqual([{ uid: '7', cpuSeconds: 0, throttledSeconds: 0 }]);
});

test('a CPU that was offline does not add its history when it comes back', async () => {
  const online = async (value: '0' | '1'): Promise<string> =>
    call('run', '/bin/sh', '-c', `echo ${value} > /sys/devices/system/cpu/cpu1/online`);
  onTestFinished(async () => void (await online('1')));
  const stat = await call('run', '/bin/cat', '/proc/stat');
  const [user = 0, , system = 0] = (/^cpu1 (.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number);
  expect((user + system) / 100).toBeGreaterThan(2);
  await call('openOther', { cpus: [0, 1] });
  const before = await call('sampleOther');
  await online('0');
  expect((await call('sampleOther')).node?.cores).toBe(1);
  await online('1');
  const after = await call('sampleOther');
  expect(after.node?.cores).toBe(2);
  const elapsed = (after.atMs - before.atMs) / 1000;
  const busy = (after.node?.busySeconds ?? NaN) - (before.node?.busySeconds ?? NaN);
  // No two CPUs can have been busy for longer.
  expect(busy).toBeLessThan(2 * elapsed + 0.1);
});

test('plain processes that start and end children use what their cgroup has counted', async () => {
  onTestFinished(async () => call('destroyGroup', 'ballast-processes'));
  await call('makeGroup', 'ballast-processes');
  const parent = await call('startProcess', 'ballast-processes', 'children');
  await call('openOther', { processes: { replica: [parent] } });
  const read = async (): Promise<{ cgroup: number; processes: number }> => {
    const stat = await call('readFile', 'ballast-processes', 'cpu.stat');
    const { replicas } = await call('sampleOther');
    return { cgroup: Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1e6, processes: replicas[0]?.cpuSeconds ?? NaN };
  };
  await read();
  const before = await read();
  for (let look = 0; look < 20; look++) {
    await wait(150);
    await call('sampleOther');
  }
  const after = await read();
  const counted = after.cgroup - before.cgroup;
  expect(counted).toBeGreaterThan(1);
  expect((after.processes - before.processes) / counted).toBeGreaterThan(0.8);
  expect((after.processes - before.processes) / counted).toBeLessThan(1.2);
});

describe.each(DRIVERS)('pods of kubelet’s driver %s', (driver) => {
  test('usage, throttling and limit are those of a real container and of what runs beside it', async () => {
    const limited = await Pod.make(driver, { weight: 20, quota: 50_000 });
    const free = await Pod.make(driver, { weight: 39 });
    const id = `limited-${driver}`;
    const cpu = { shares: 512, quota: 50_000 };
    await call('startContainer', driver, id, limited.containerPath(id), 'while :; do :; done', cpu);
    await free.startProcess('busy');

    const { pods, busyCores } = await measure([limited, free]);
    expect(pods[0]?.limitCores).toBe(0.5);
    expect(pods[0]?.cores).toBeGreaterThan(0.35);
    expect(pods[0]?.cores).toBeLessThan(0.6);
    expect(pods[0]?.throttled).toBeGreaterThan(0.2);
    expect(pods[1]).toMatchObject({ throttled: 0, limitCores: undefined });
    expect(pods[1]?.cores).toBeGreaterThan(0.6);
    expect(pods[1]?.cores).toBeLessThan(1.1);
    // By clock ticks, of which an emulated machine loses some while its host does much else.
    expect(busyCores).toBeGreaterThan(0.3);
    expect(busyCores).toBeLessThan(2.1);
    // The runtime's own curve for containers, which need not be kubelet's for pods.
    expect(await call('readFile', limited.containerGroup(id), 'cpu.weight')).toBe('20');
  });

  test('a pod keeps its counter while its group moves and the dead one stays behind', async () => {
    const before = await Pod.make(driver, { weight: 39 });
    const worker = await before.startProcess('busy');
    const counted = await cpuSecondsOf(before, 0.5);
    const after = await Pod.make(driver, { weight: 39, quota: 50_000 }, before.uid, 'guaranteed');
    await call('moveProcess', worker, await after.makeContainer());
    expect(await cpuSecondsOf(after)).toBeGreaterThanOrEqual(counted);
    const { pods } = await measure([after]);
    expect(pods[0]?.cores).toBeGreaterThan(0.35);
    expect(pods[0]?.cores).toBeLessThan(0.6);
    expect(pods[0]?.limitCores).toBe(0.5);
    const moved = await cpuSecondsOf(after);
    await before.remove();
    expect(await cpuSecondsOf(after)).toBeGreaterThanOrEqual(moved);
  });

  test('a pod keeps its counter when its group is made anew', async () => {
    const first = await Pod.make(driver, { weight: 39 });
    await first.startProcess('busy');
    const counted = await cpuSecondsOf(first, 0.5);
    await first.remove();
    expect((await call('sample')).replicas.map(({ uid }) => uid)).not.toContain(first.uid);
    const second = await Pod.make(driver, { weight: 39 }, first.uid);
    await second.startProcess('busy');
    expect(await cpuSecondsOf(second)).toBeGreaterThanOrEqual(counted);
    expect(await cpuSecondsOf(second, counted + 0.5)).toBeLessThan(counted + 5);
  });
});

test('a pod keeps its counter when kubelet is restarted with another driver', async () => {
  const before = await Pod.make('cgroupfs', { weight: 39 });
  await before.startProcess('busy');
  const counted = await cpuSecondsOf(before, 0.5);
  const after = await Pod.make('systemd', { weight: 39 }, before.uid);
  await after.startProcess('busy', 1);
  await before.remove();
  expect(await cpuSecondsOf(after)).toBeGreaterThanOrEqual(counted);
  await cpuSecondsOf(after, counted + 0.5);
});

test('PSI counts a pod’s own throttling as waiting, so no report has it', async () => {
  const alone = await Pod.make('cgroupfs', { weight: 39, quota: 20_000 });
  await alone.startProcess('busy');
  const waited = async (): Promise<number> => {
    const text = await call('readFile', alone.path, 'cpu.pressure');
    return Number(/^some .* total=(\d+)$/m.exec(text)?.[1]) / 1e6;
  };
  const before = await waited();
  await wait(2000);
  // No other process uses this CPU.
  expect((await waited()) - before).toBeGreaterThan(0.8);
  const fields = Object.keys(replicaOf(await call('sample'), alone));
  expect(fields.toSorted()).toEqual(['cpuSeconds', 'limitCores', 'throttledSeconds', 'uid']);
});
