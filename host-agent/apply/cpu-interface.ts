/** The files by which a kernel sets the CPU of a group, one of them in each of the two generations of cgroups. */

/** Port. A directory is that of the group's CPU controller; texts are a file's whole content, without its newline. */
export interface CpuInterface {
  readonly sharesFile: string;
  readonly quotaFile: string;
  /** @param shares as in version 1: 2 to 262144, 1024 for one core */
  sharesText(shares: number): string;
  /**
   * The text for a quota of at least `leastCores`, within what the groups above allow. The period stays what it is in
   * `original`, the file's text before Ballast.
   */
  quotaText(directory: string, cores: number, leastCores: number, original: string): string;
  /** The quota that a text stands for; undefined: none. */
  quotaCores(directory: string, text: string): number | undefined;
  /** Cores below which the kernel would take no quota because of the groups below; 0: it would take any. */
  largestQuotaBelow(directory: string): number;
}

/** The kernel takes no quota below a millisecond in a period. */
export const LEAST_QUOTA_MICROSECONDS = 1000;
