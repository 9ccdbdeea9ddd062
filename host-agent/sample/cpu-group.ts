/** What the sampler needs of a cgroup, whichever of the two versions the kernel has. */

/** The CPU of one cgroup. `limitCores` is undefined for a group without a quota. */
export interface GroupReading {
  readonly cpuSeconds: number;
  readonly throttledSeconds: number;
  readonly limitCores: number | undefined;
}

/** Port: one cgroup whose files are held open. */
export interface CpuGroup {
  /** Reads the counters; false when the group is gone, and `reading` then holds its last ones. */
  sample(): boolean;
  /** Reads the quota, which changes rarely. */
  refreshLimits(): void;
  readonly reading: GroupReading;
  close(): void;
}

/** Where a machine's cgroups are and how one is opened. Paths are relative to the hierarchy, without a leading slash. */
export interface Hierarchy {
  readonly version: 'v1' | 'v2';
  /** Directory in which `path`'s child groups can be listed. */
  directory(path: string): string;
  /** Directory of `path`'s CPU settings. */
  settings(path: string): string;
  open(path: string): CpuGroup;
  /** True where the root is the kernel's own: what runs below it is the machine, not a container that stands for a node. */
  isWholeMachine(): boolean;
  /** How many CPUs the group may run on; undefined where it is not restricted. */
  pinnedCpus(path: string): number | undefined;
}
