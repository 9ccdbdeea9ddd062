/** CPU settings of the `cpu` controller of cgroup version 2. */
import { type CpuInterface, LEAST_QUOTA_MICROSECONDS } from './cpu-interface.ts';

const USUAL_PERIOD = 100_000;

/** Both versions' defaults stand for the same. The conversion by this ratio is the kernel's own, and keeps ratios. */
const USUAL_SHARES = 1024;
const USUAL_WEIGHT = 100;

/** Here a group's quota may be any; the least of its own and those above it counts. */
export const unifiedFiles: CpuInterface = {
  sharesFile: 'cpu.weight',
  quotaFile: 'cpu.max',
  sharesText(shares) {
    const weight = Math.round((shares * USUAL_WEIGHT) / USUAL_SHARES);
    return String(Math.min(10_000, Math.max(1, weight)));
  },
  quotaText(_directory, cores, leastCores, original) {
    const period = periodOf(original);
    return `${Math.max(LEAST_QUOTA_MICROSECONDS, Math.round(Math.max(cores, leastCores) * period))} ${period}`;
  },
  quotaCores(_directory, text) {
    const quota = Number(text.split(' ')[0]);
    return quota > 0 ? quota / periodOf(text) : undefined;
  },
  largestQuotaBelow: () => 0,
};

/** `cpu.max` is `<quota> <period>`, both in us, or `max <period>`. */
function periodOf(text: string): number {
  const period = Number(text.split(' ')[1]);
  return period > 0 ? period : USUAL_PERIOD;
}
