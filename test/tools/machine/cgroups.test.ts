import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseHierarchies } from '../../../tools/machine/cgroup-mounts.ts';
import { cgroupV1, cgroupV2 } from '../../../tools/machine/cgroup-versions.ts';

/** Ordinary directories stand for the kernel's: what is written where is the same on either. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ballast-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

describe('version 2', () => {
  it('enables the CPU controller at each level and limits a group by a quota in periods of 10 ms', () => {
    const files = cgroupV2(root);
    files.create('run/node-1/kubepods');
    for (const parent of [[], ['run'], ['run', 'node-1']]) {
      expect(read(...parent, 'cgroup.subtree_control')).toBe('+cpu');
    }
    files.setQuota('run/node-1', 0.35);
    expect(read('run/node-1/cpu.max')).toBe('3500 10000');
    files.setQuota('run/node-1', undefined);
    expect(read('run/node-1/cpu.max')).toBe('max 10000');
    files.setShare('run/node-1', 16);
    expect(read('run/node-1/cpu.weight')).toBe('1600');
    writeFileSync(join(root, 'run/cpu.stat'), 'usage_usec 2500000\nuser_usec 1\n');
    expect(files.cpuSeconds('run')).toBe(2.5);
    expect(files.children('run')).toEqual(['node-1']);
  });
});

describe('version 1', () => {
  it('limits in the cpu hierarchy and counts in cpuacct', () => {
    const files = cgroupV1(join(root, 'cpu'), join(root, 'cpuacct'));
    files.create('run/node-1');
    files.setQuota('run/node-1', 0.35);
    expect(read('cpu/run/node-1/cpu.cfs_period_us')).toBe('10000');
    expect(read('cpu/run/node-1/cpu.cfs_quota_us')).toBe('3500');
    files.setQuota('run/node-1', undefined);
    expect(read('cpu/run/node-1/cpu.cfs_quota_us')).toBe('-1');
    writeFileSync(join(root, 'cpuacct/run/cpuacct.usage'), '1250000000\n');
    expect(files.cpuSeconds('run')).toBe(1.25);
    expect(files.directories('run')).toEqual([join(root, 'cpu/run'), join(root, 'cpuacct/run')]);
  });

  it('is one hierarchy where both controllers are mounted together', () => {
    mkdirSync(join(root, 'both'));
    expect(cgroupV1(join(root, 'both'), join(root, 'both')).directories('run')).toEqual([join(root, 'both/run')]);
  });
});

describe('mounts', () => {
  it('lists the hierarchies of both versions with the options that mount them again', () => {
    const mountinfo = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755
31 30 0:26 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
32 30 0:27 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
33 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
34 30 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:4 - cgroup cgroup rw,memory
`;
    const at = (name: string) => `/sys/fs/cgroup/${name}`;
    expect(parseHierarchies(mountinfo)).toEqual([
      { version: 2, mountPoint: at('unified'), controllers: [], options: '' },
      { version: 1, mountPoint: at('systemd'), controllers: [], options: 'none,name=systemd' },
      { version: 1, mountPoint: at('cpu,cpuacct'), controllers: ['cpu', 'cpuacct'], options: 'cpu,cpuacct' },
      { version: 1, mountPoint: at('memory'), controllers: ['memory'], options: 'memory' },
    ]);
  });
});
