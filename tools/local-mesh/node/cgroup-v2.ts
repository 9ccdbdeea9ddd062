/** Control groups, version 2: one hierarchy, in which processes live in the leaves only. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { childGroups, QUOTA_PERIOD_MICROSECONDS, type CgroupFileSystem } from './cgroup.ts';

const USUAL_WEIGHT = 100;

/** `mount` is where the hierarchy is mounted, usually `/sys/fs/cgroup`. */
export function cgroupV2(mount: string): CgroupFileSystem {
  return {
    version: 2,
    directories: (group) => [join(mount, group)],
    create: (group) => {
      let parent = mount;
      for (const name of group.split(sep)) {
        // A group has a quota and counters of its own only where its parent hands the controller down.
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
      writeFileSync(join(mount, group, 'cpu.weight'), String(Math.min(10_000, Math.round(USUAL_WEIGHT * multiple))));
    },
    cpuSeconds: (group) => {
      const usage = /^usage_usec (\d+)$/m.exec(readFileSync(join(mount, group, 'cpu.stat'), 'utf8'))?.[1];
      return Number(usage ?? 0) / 1e6;
    },
    children: (group) => childGroups(join(mount, group)),
  };
}
