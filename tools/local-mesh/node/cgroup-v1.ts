/** Control groups, version 1: CPU time is limited in the `cpu` hierarchy and counted in `cpuacct`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { childGroups, QUOTA_PERIOD_MICROSECONDS, type CgroupFileSystem } from './cgroup.ts';

const USUAL_SHARES = 1024;

/** `cpu` and `cpuacct` are the mount points of the hierarchies; on many systems they are one and the same. */
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
      writeFileSync(join(cpu, group, 'cpu.shares'), String(Math.round(USUAL_SHARES * multiple)));
    },
    cpuSeconds: (group) => Number(readFileSync(join(cpuacct, group, 'cpuacct.usage'), 'utf8')) / 1e9,
    children: (group) => childGroups(join(cpu, group)),
  };
}
