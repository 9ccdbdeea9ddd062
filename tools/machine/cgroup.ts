/** A control group as tools need it: a CPU quota, a share, the CPU that was used, and an end of everything in it. */
import { existsSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Short, so that a throttled process waits for less than what is measured. */
export const QUOTA_PERIOD_MICROSECONDS = 10_000;

/** What both versions of the kernel's interface can do. A group is named by its path relative to the mount point. */
export interface CgroupFileSystem {
  readonly version: 1 | 2;
  /**
   * The directories that are one group: two in version 1 (cpu and cpuacct) unless both are mounted together, else one.
   */
  directories(group: string): readonly string[];
  create(group: string): void;
  /** Sets the CPU quota in cores; `undefined` lifts it. */
  setQuota(group: string, cores: number | undefined): void;
  /** Sets the share against sibling groups, as a multiple of the kernel's default. */
  setShare(group: string, multiple: number): void;
  /** CPU used by everything in and below the group, in core-seconds. */
  cpuSeconds(group: string): number;
  /** Names of the groups directly below. */
  children(group: string): readonly string[];
}

/** Subdirectories of a cgroup directory; none when it does not exist. */
export function childGroups(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

/**
 * Kills every process in and below the group and removes it. Synchronous, because it also runs in an exit handler. A
 * killed process holds its group for some milliseconds. After `patienceMs` the directories that are left are returned.
 */
export function removeGroup(files: Pick<CgroupFileSystem, 'directories'>, group: string, patienceMs = 5_000): string[] {
  const until = Date.now() + patienceMs;
  let left = files.directories(group).filter((directory) => existsSync(directory));
  while (left.length > 0) {
    for (const directory of left) killMembers(directory);
    left = left.filter((directory) => !removeEmptyTree(directory));
    if (Date.now() > until) break;
    if (left.length > 0) sleepSync(20);
  }
  return left;
}

function killMembers(directory: string): void {
  for (const child of childGroups(directory)) killMembers(join(directory, child));
  let members: string;
  try {
    members = readFileSync(join(directory, 'cgroup.procs'), 'utf8');
  } catch {
    return; // The group is gone.
  }
  for (const line of members.split('\n')) {
    const pid = Number(line);
    if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // The process ended after the list was read.
    }
  }
}

/** Removes a cgroup directory and all below it, the deepest first; false while it still holds a process. */
function removeEmptyTree(directory: string): boolean {
  for (const child of childGroups(directory)) removeEmptyTree(join(directory, child));
  try {
    rmdirSync(directory);
  } catch {
    return !statSync(directory, { throwIfNoEntry: false });
  }
  return true;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

function sleepSync(milliseconds: number): void {
  Atomics.wait(sleeper, 0, 0, milliseconds);
}
