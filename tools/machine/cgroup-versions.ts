/** The kernel's two interfaces to control groups. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type CgroupFileSystem, QUOTA_PERIOD_MICROSECONDS, childGroups } from './cgroup.ts';

const DEFAULT_WEIGHT = 100;
const DEFAULT_SHARES = 1024;

/**
 * Version 2: one hierarchy, in which only groups without children hold processes. `mount` is its mount point, usually
 * `/sys/fs/cgroup`.
 */
export function cgroupV2(mount: string): CgroupFileSystem {
  return {
    version: 2,
    directories: (group) => [join(mount, group)],
    create: (group) => {
      let parent = mount;
      for (const name of group.split(sep)) {
        // A group has its own quota and counters only if its parent enables the controller for its children.
        writeFileSync(join(parent, 'cgroup.subtree_control'), '+cpu');
        parent = join(parent, name);
        mkdirSync(parent, { recursive: true });
      }
    },
    setQuota: (group, cores) => {
      const quota = cores === undefined ? 'max' : String(Math.round(cores * QUOTA_PERIOD_MICROSECONDS));
      writeFileSync(join(mount, group, 'cpu.max'), `${quota} ${QUOTA_PERIOD_MICROSECONDS}`);
    },
    setShare: (group, multiple) => {
      writeFileSync(join(mount, group, 'cpu.weight'), String(Math.min(10_000, Math.round(DEFAULT_WEIGHT * multiple))));
    },
    cpuSeconds: (group) => {
      const usage = /^usage_usec (\d+)$/m.exec(readFileSync(join(mount, group, 'cpu.stat'), 'utf8'))?.[1];
      return Number(usage ?? 0) / 1e6;
    },
    children: (group) => childGroups(join(mount, group)),
  };
}

/**
 * Version 1: CPU is limited in the hierarchy `cpu` and counted in `cpuacct`. The arguments are their mount points,
 * which are the same directory on many systems.
 */
export function cgroupV1(cpu: string, cpuacct: string): CgroupFileSystem {
  const mounts = cpu === cpuacct ? [cpu] : [cpu, cpuacct];
  const directories = (group: string) => mounts.map((mount) => join(mount, group));
  return {
    version: 1,
    directories,
    create: (group) => {
      for (const directory of directories(group)) mkdirSync(directory, { recursive: true });
    },
    setQuota: (group, cores) => {
      const quota = cores === undefined ? -1 : Math.round(cores * QUOTA_PERIOD_MICROSECONDS);
      writeFileSync(join(cpu, group, 'cpu.cfs_period_us'), String(QUOTA_PERIOD_MICROSECONDS));
      writeFileSync(join(cpu, group, 'cpu.cfs_quota_us'), String(quota));
    },
    setShare: (group, multiple) => {
      writeFileSync(join(cpu, group, 'cpu.shares'), String(Math.round(DEFAULT_SHARES * multiple)));
    },
    cpuSeconds: (group) => Number(readFileSync(join(cpuacct, group, 'cpuacct.usage'), 'utf8')) / 1e9,
    children: (group) => childGroups(join(cpu, group)),
  };
}
