/** What the two generations of cgroups have in common for the sampler. */

/** The CPU of one cgroup. Counters only; `undefined` where this kernel or this group has no such figure. */
export interface GroupReading {
  readonly cpuSeconds: number;
  readonly throttledSeconds: number;
  readonly pressureSeconds: number | undefined;
  readonly limitCores: number | undefined;
}

/** Port: one cgroup whose files are held open. */
export interface CpuGroup {
  /** Reads the counters; false when the group is gone, and what `reading` holds is then its last. */
  sample(): boolean;
  /** Reads what changes seldom: the quota. */
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
  /** The root is the kernel's own: what runs below it is the machine, not a container that stands for a node. */
  isWholeMachine(): boolean;
  /** How many CPUs the group may run on, where it is restricted to some. */
  pinnedCpus(path: string): number | undefined;
}
