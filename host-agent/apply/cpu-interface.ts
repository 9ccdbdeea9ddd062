/** Port: the files by which a kernel sets the CPU of a group. They differ between the two cgroup versions. */

/** A directory is that of the group's CPU controller. A text is a file's whole content without its newline. */
export interface CpuInterface {
  readonly sharesFile: string;
  readonly quotaFile: string;
  /** @param shares as in version 1: 2 to 262144, 1024 for one core */
  sharesText(shares: number): string;
  /**
   * The text for a quota of at least `minCores`, within what the groups above allow. The period stays as it is in
   * `original`, the file's text before Ballast wrote it.
   */
  quotaText(directory: string, cores: number, minCores: number, original: string): string;
  /** The quota that a text stands for; undefined when it stands for none. */
  quotaCores(directory: string, text: string): number | undefined;
  /** Cores below which the kernel refuses a quota because of the groups below; 0 when it accepts any. */
  maxQuotaBelow(directory: string): number;
}

/** The kernel refuses a quota of less than a millisecond in a period. */
export const MIN_QUOTA_MICROSECONDS = 1000;

/** kubelet's, unless somebody set another. */
export const DEFAULT_PERIOD_MICROSECONDS = 100_000;
