/** A control group as the mesh needs it: a CPU quota, a share, what was used, and the processes in it. */
import { existsSync, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Short, so that being throttled does not become the latency that is measured. */
export const QUOTA_PERIOD_MICROSECONDS = 10_000;

/** The two versions of the kernel's interface, reduced to what both can do. Groups are named by a relative path. */
export interface CgroupFileSystem {
  readonly version: 1 | 2;
  /** The directories that stand for one group: two for version 1 (cpu and cpuacct), one for version 2. */
  directories(group: string): readonly string[];
  create(group: string): void;
  /** Sets the CPU quota in cores; `undefined` lifts it. */
  setQuota(group: string, cores: number | undefined): void;
  /** Sets the share against sibling groups, as a multiple of the usual one. */
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
 * Kills every process in and below the group and removes it. Synchronous, because it also runs in an exit handler.
 * A process that is being killed holds its group for some milliseconds; after `patienceMs` what is left is returned.
 */
export function removeGroup(files: CgroupFileSystem, group: string, patienceMs = 5_000): string[] {
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
    return; // Gone already.
  }
  for (const line of members.split('\n')) {
    const pid = Number(line);
    if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended by itself since the list was read.
    }
  }
}

/** Removes a cgroup directory bottom-up; false while something in it still lives. */
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
