import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCgroupMounts } from '../../../../tools/local-mesh/node/cgroup-mount.ts';
import { cgroupV1 } from '../../../../tools/local-mesh/node/cgroup-v1.ts';
import { cgroupV2 } from '../../../../tools/local-mesh/node/cgroup-v2.ts';

/** Ordinary directories stand for the kernel's: what is written where is the same on either. */
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ballast-cgroup-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

describe('version 2', () => {
  it('hands the CPU controller down to each level and limits a group by its quota in a 10 ms period', () => {
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
  it('finds the controllers of version 1, together or apart, and the unified hierarchy', () => {
    const line = (at: string, type: string, options: string) => `32 31 0:29 / ${at} rw - ${type} cgroup ${options}`;
    expect(
      parseCgroupMounts(
        [
          line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
          line('/sys/fs/cgroup/cpuset', 'cgroup', 'rw,cpuset'),
          line('/sys/fs/cgroup/unified', 'cgroup2', 'rw'),
        ].join('\n'),
      ),
    ).toEqual({
      cpu: '/sys/fs/cgroup/cpu,cpuacct',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct',
      unified: '/sys/fs/cgroup/unified',
    });
    expect(parseCgroupMounts(line('/sys/fs/cgroup', 'cgroup2', 'rw,nsdelegate'))).toEqual({
      unified: '/sys/fs/cgroup',
    });
  });
});
