/** Setting and restoring the CPU of pods, in directories that look like either version's groups. */
import { existsSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshPod, podDirectories } from '../support/pod-directories.ts';

const SHARES = { v1: 'cpu.shares', v2: 'cpu.weight' } as const;
const QUOTA = { v1: 'cpu.cfs_quota_us', v2: 'cpu.max' } as const;
const versions = ['v1', 'v2'] as const;

/** Text of a quota in microseconds, in a period of 100 ms. */
const quotaText = (version: 'v1' | 'v2', quota: number): string => (version === 'v1' ? `${quota}` : `${quota} 100000`);
const noQuota = { v1: '-1', v2: 'max 100000' } as const;

test.each(versions)(
  '%s: a grant is set, no other group is touched, and everything is restored at the end',
  (version) => {
    const pods = podDirectories(version, { ...freshPod(version, 'a'), ...freshPod(version, 'b') });
    const control = pods.control();
    const untouched = statSync(join(pods.root, 'pods/b', SHARES[version])).mtimeMs;
    expect(control.follow([{ uid: 'a', shares: 2048, quotaCores: 0.5 }], 0)).toBe(true);
    expect(pods.read('a', SHARES[version])).toBe(version === 'v1' ? '2048' : '79');
    expect(pods.read('a', QUOTA[version])).toBe(quotaText(version, 50_000));
    expect(statSync(join(pods.root, 'pods/b', SHARES[version])).mtimeMs).toBe(untouched);
    expect(control.size).toBe(2);

    control.follow([{ uid: 'a', quotaCores: 0.25 }], 1);
    expect(pods.read('a', SHARES[version])).toBe(version === 'v1' ? '2' : '1');
    expect(pods.read('a', QUOTA[version])).toBe(quotaText(version, 25_000));

    control.close();
    expect(pods.read('a', QUOTA[version])).toBe(noQuota[version]);
    expect(control.size).toBe(0);
    expect(existsSync(pods.savedPath)).toBe(false);
    expect(pods.events).toEqual(['set', 'set', 'restored', 'set', 'restored']);
  },
);

test.each(versions)('%s: a file that holds the desired text is not written again', (version) => {
  const pods = podDirectories(version, freshPod(version, 'a'));
  const control = pods.control();
  const grants = [{ uid: 'a', shares: 1024, quotaCores: 1 }];
  control.follow(grants, 0);
  expect(control.follow(grants, 500)).toBe(false);
  expect(control.follow(grants, 5000)).toBe(false);
  expect(control.follow([...grants], 5001)).toBe(false);
  expect(pods.events).toEqual(['set', 'set']);
});

test.each(versions)('%s: the next agent restores what a killed one left', (version) => {
  const pods = podDirectories(version, freshPod(version, 'a'));
  const first = pods.control();
  first.follow([{ uid: 'a', shares: 1024, quotaCores: 1 }], 0);
  first.follow([{ uid: 'a', shares: 4096, quotaCores: 1 }], 1);
  const second = pods.control();
  expect(pods.read('a', SHARES[version])).toBe(version === 'v1' ? '2' : '1');
  expect(pods.read('a', QUOTA[version])).toBe(noQuota[version]);
  expect(second.size).toBe(0);
  expect(pods.events.slice(-2)).toEqual(['restored', 'restored']);
});

test.each([
  ['the first', [1024], '2', ['set']],
  ['a later', [1024, 512], '1024', ['set', 'set', 'restored']],
])(
  'an agent that was killed after it saved %s value and before it wrote it leaves nothing wrong',
  (_, values, held, events) => {
    const pods = podDirectories('v1', freshPod('v1', 'a'));
    const killed = pods.control();
    values.forEach((shares, at) => killed.follow([{ uid: 'a', shares }], at));
    pods.write('a', 'cpu.shares', held); // As if the last write had not happened.
    pods.control();
    expect(pods.read('a', 'cpu.shares')).toBe('2');
    expect(pods.events).toEqual(events);
  },
);

test('what was saved before the last boot is not restored', () => {
  const pods = podDirectories('v1', freshPod('v1', 'a'));
  pods.control().follow([{ uid: 'a', shares: 1024 }], 0);
  pods.control('next boot');
  expect(pods.read('a', 'cpu.shares')).toBe('1024');
});

test('what somebody else wrote is what is restored', () => {
  const pods = podDirectories('v1', freshPod('v1', 'a'));
  const control = pods.control();
  const grants = [{ uid: 'a', shares: 1024 }];
  control.follow(grants, 0);
  pods.write('a', 'cpu.shares', '300');
  control.follow(grants, 2000);
  expect(pods.read('a', 'cpu.shares')).toBe('1024');
  control.close();
  expect(pods.read('a', 'cpu.shares')).toBe('300');
});

test('what somebody else wrote last stays when the agent stops', () => {
  const pods = podDirectories('v1', freshPod('v1', 'a'));
  const control = pods.control();
  control.follow([{ uid: 'a', shares: 1024 }], 0);
  pods.write('a', 'cpu.shares', '300');
  control.close();
  expect(pods.read('a', 'cpu.shares')).toBe('300');
  expect(existsSync(pods.savedPath)).toBe(false);
});

test('a pod that comes later is found, and one that goes is forgotten', () => {
  const pods = podDirectories('v2', { ...freshPod('v2', 'a'), ...freshPod('v2', 'b') });
  const control = pods.control();
  const grants = [
    { uid: 'a', shares: 1024 },
    { uid: 'late', shares: 1024 },
  ];
  control.follow(grants, 0);
  expect(control.size).toBe(1);
  rmSync(join(pods.root, 'pods/a'), { recursive: true });
  control.follow([], 1);
  expect(control.size).toBe(0);
  expect(pods.events).toEqual(['set']);
});

test.each(versions)("%s: a quota never exceeds the pod's own", (version) => {
  const pods = podDirectories(version, freshPod(version, 'a', '50000'));
  const control = pods.control();
  control.follow([{ uid: 'a', quotaCores: 2 }], 0);
  expect(pods.events).toEqual([]);
  control.follow([{ uid: 'a', quotaCores: 0.2 }], 1);
  expect(pods.read('a', QUOTA[version])).toBe(quotaText(version, 20_000));
  control.follow([{ uid: 'a', quotaCores: 2 }], 2);
  expect(pods.read('a', QUOTA[version])).toBe(quotaText(version, 50_000));
});

test('v1: a quota stays at or above the largest container limit, also while that container is away', () => {
  const container = {
    'pods/a/app/cpu.cfs_quota_us': '80000',
    'pods/a/app/cpu.cfs_period_us': '100000',
    'pods/a/sidecar/cpu.cfs_quota_us': '3000',
    'pods/a/sidecar/cpu.cfs_period_us': '10000',
  };
  const pods = podDirectories('v1', { ...freshPod('v1', 'a'), ...container });
  const control = pods.control();
  control.follow([{ uid: 'a', quotaCores: 0.2 }], 0);
  expect(pods.read('a', 'cpu.cfs_quota_us')).toBe('80000');
  rmSync(join(pods.root, 'pods/a/app'), { recursive: true });
  control.follow([{ uid: 'a', quotaCores: 0.3 }], 1);
  expect(pods.read('a', 'cpu.cfs_quota_us')).toBe('80000');
});

test("a report tells Ballast's quota and the pod's own limit apart", () => {
  const pods = podDirectories('v1', { ...freshPod('v1', 'a', '150000'), ...freshPod('v1', 'b') });
  const control = pods.control();
  const counters = { cpuSeconds: 1, throttledSeconds: 0 };
  control.follow(
    [
      { uid: 'a', quotaCores: 0.5 },
      { uid: 'b', shares: 77 },
    ],
    0,
  );
  expect(control.reported({ uid: 'a', ...counters, limitCores: 0.5 })).toEqual({
    uid: 'a',
    ...counters,
    limitCores: 1.5,
    grantedCores: 0.5,
  });
  expect(control.reported({ uid: 'b', ...counters })).toEqual({ uid: 'b', ...counters });
});

test('where settings cannot be saved, nothing is changed, and that is told once', () => {
  const pods = podDirectories('v1', { ...freshPod('v1', 'a'), 'saved.json.next/in-the-way': '' });
  const control = pods.control();
  control.follow([{ uid: 'a', shares: 1024 }], 0);
  control.follow([{ uid: 'a', shares: 1024 }], 1);
  expect(pods.read('a', 'cpu.shares')).toBe('2');
  expect(pods.events).toEqual([
    expect.stringMatching(/^new: CPU_NOT_SET --cpu-control: .*saved\.json/),
    expect.stringMatching(/^CPU_NOT_SET/),
  ]);
});

test('a refused write is told once, counted each time, and stops no other write', () => {
  const pods = podDirectories('v1', { ...freshPod('v1', 'a'), ...freshPod('v1', 'b') });
  rmSync(join(pods.root, 'pods/a/cpu.shares'));
  symlinkSync('/proc/version', join(pods.root, 'pods/a/cpu.shares')); // Can be read, never written.
  const control = pods.control();
  const grants = ['a', 'b'].map((uid) => ({ uid, shares: 1024 }));
  control.follow(grants, 0);
  control.follow(grants, 2000);
  expect(pods.read('b', 'cpu.shares')).toBe('1024');
  expect(control.size).toBe(1);
  const refused = /CPU_NOT_SET .*pods\/a\/cpu\.shares: 1024 was refused: E/;
  expect(pods.events).toEqual([expect.stringMatching(refused), 'set', expect.stringMatching(refused)]);
  expect(pods.events.map((event) => event.startsWith('new: '))).toEqual([true, false, false]);
  control.close();
  expect(existsSync(pods.savedPath)).toBe(false);
});

test('a file that holds no saved settings is neither used nor overwritten', () => {
  const pods = podDirectories('v1', freshPod('v1', 'a'));
  writeFileSync(pods.savedPath, '{"boot": "this boot", "settings": [{"file": 3}]}');
  expect(() => pods.control()).toThrow(/settings\[0\]/);
  expect(readFileSync(pods.savedPath, 'utf8')).toContain('"file": 3');
});
