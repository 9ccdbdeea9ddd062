/** The control group hierarchies of this machine, and the one in which tools limit and count CPU. */
import { readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Result, failure, success } from '../../contract/result.ts';
import type { CgroupFileSystem } from './cgroup.ts';
import { cgroupV1, cgroupV2 } from './cgroup-versions.ts';

export interface Hierarchy {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** Version 1 only: a hierarchy of version 2 lists its controllers in its file `cgroup.controllers`. */
  readonly controllers: readonly string[];
  /**
   * Options that mount the same hierarchy again, for example `cpu,cpuacct` or `none,name=systemd`; empty in version 2.
   */
  readonly options: string;
}

/** Mount options that are neither a controller nor the name of a hierarchy. */
const NOT_A_NAME = /^(?:rw|ro|xattr|clone_children|noprefix|.*agent=.*)$/;

/** Reads the hierarchies out of `/proc/self/mountinfo` (proc(5)): `… <mount point> … - <type> <source> <options>`. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  return mountinfo.split('\n').flatMap((line): Hierarchy[] => {
    const [left, right] = line.split(' - ');
    const mountPoint = left?.split(' ')[4];
    const [type, , options = ''] = right?.split(' ') ?? [];
    if (mountPoint === undefined) return [];
    if (type === 'cgroup2') return [{ version: 2, mountPoint, controllers: [], options: '' }];
    if (type !== 'cgroup') return [];
    const names = options.split(',').filter((name) => !NOT_A_NAME.test(name));
    const controllers = names.filter((name) => !name.startsWith('name='));
    const isBare = controllers.length === 0;
    return [
      { version: 1, mountPoint, controllers, options: isBare ? `none,${names.join(',')}` : controllers.join(',') },
    ];
  });
}

/** The hierarchies that are mounted now. @throws Error where this system has no `/proc` */
export function mountedHierarchies(): Hierarchy[] {
  return parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The writable CPU control groups. A trial group proves that they are; a failure says why there are none. */
export function findCgroups(): Result<CgroupFileSystem> {
  let hierarchies: readonly Hierarchy[];
  try {
    hierarchies = mountedHierarchies();
  } catch {
    return failure('NO_CPU_SOURCE', 'this system has no /proc/self/mountinfo, so it has no control groups');
  }
  const files = fileSystemOf(hierarchies);
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

/** Version 1 where both of its CPU controllers are mounted, else version 2; undefined where neither has CPU. */
function fileSystemOf(hierarchies: readonly Hierarchy[]): CgroupFileSystem | undefined {
  const mountOf = (controller: string): string | undefined =>
    hierarchies.findLast(({ controllers }) => controllers.includes(controller))?.mountPoint;
  const [cpu, cpuacct] = [mountOf('cpu'), mountOf('cpuacct')];
  if (cpu !== undefined && cpuacct !== undefined) return cgroupV1(cpu, cpuacct);
  const unified = hierarchies.findLast(({ version }) => version === 2)?.mountPoint;
  if (unified === undefined) return undefined;
  const controllers = readFileSync(join(unified, 'cgroup.controllers'), 'utf8').trim().split(' ');
  return controllers.includes('cpu') ? cgroupV2(unified) : undefined;
}

function removeIfThere(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // It was never made.
  }
}
