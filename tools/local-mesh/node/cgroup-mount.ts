/** Finds the CPU control groups of this machine, if it has any that we may write. */
import { readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { failure, success, type Result } from '../../../contract/result.ts';
import { cgroupV1 } from './cgroup-v1.ts';
import { cgroupV2 } from './cgroup-v2.ts';
import type { CgroupFileSystem } from './cgroup.ts';

interface CgroupMounts {
  readonly cpu?: string;
  readonly cpuacct?: string;
  readonly unified?: string;
}

/** Reads the mount points out of `/proc/self/mountinfo` (proc(5)): `… <mount point> … - <type> <source> <options>`. */
export function parseCgroupMounts(mountinfo: string): CgroupMounts {
  let mounts: CgroupMounts = {};
  for (const line of mountinfo.split('\n')) {
    const [left, right] = line.split(' - ');
    const mountPoint = left?.split(' ')[4];
    const [type, , options] = right?.split(' ') ?? [];
    if (mountPoint === undefined) continue;
    if (type === 'cgroup2') mounts = { ...mounts, unified: mountPoint };
    if (type !== 'cgroup') continue;
    const controllers = options?.split(',') ?? [];
    if (controllers.includes('cpu')) mounts = { ...mounts, cpu: mountPoint };
    if (controllers.includes('cpuacct')) mounts = { ...mounts, cpuacct: mountPoint };
  }
  return mounts;
}

/** The writable CPU control groups, tried by making one; a failure says why there are none. */
export function findCgroups(): Result<CgroupFileSystem> {
  let mounts: CgroupMounts;
  try {
    mounts = parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  } catch {
    return failure('NO_CPU_SOURCE', 'this system has no /proc/self/mountinfo, so no control groups');
  }
  const files = fromMounts(mounts);
  if (!files) return failure('NO_CPU_SOURCE', 'no CPU control group hierarchy is mounted');
  const trial = `ballast-trial-${process.pid}`;
  try {
    files.create(trial);
    files.setQuota(trial, 0.5);
    files.cpuSeconds(trial);
    return success(files);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return failure('NO_CPU_SOURCE', `CPU control groups cannot be written (${reason})`);
  } finally {
    for (const directory of files.directories(trial)) removeIfThere(directory);
  }
}

function fromMounts(mounts: CgroupMounts): CgroupFileSystem | undefined {
  if (mounts.cpu !== undefined && mounts.cpuacct !== undefined) return cgroupV1(mounts.cpu, mounts.cpuacct);
  if (mounts.unified === undefined) return undefined;
  const controllers = readFileSync(join(mounts.unified, 'cgroup.controllers'), 'utf8').trim().split(' ');
  return controllers.includes('cpu') ? cgroupV2(mounts.unified) : undefined;
}

function removeIfThere(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // It was never made.
  }
}
