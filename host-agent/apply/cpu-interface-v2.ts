/** CPU settings of the `cpu` controller of cgroup version 2. */
import { type CpuInterface, DEFAULT_PERIOD_MICROSECONDS, MIN_QUOTA_MICROSECONDS } from './cpu-interface.ts';
import type { NodeWeights } from './cpu-weight.ts';

/** The kernel accepts any quota of a group; the smallest of its own and of those above it is in force. */
export function unifiedFiles(weights: NodeWeights): CpuInterface {
  return {
    sharesFile: 'cpu.weight',
    quotaFile: 'cpu.max',
    sharesText: (shares) => String(weights.weightOf(shares)),
    quotaText(_directory, cores, minCores, original) {
      const period = periodOf(original);
      return `${Math.max(MIN_QUOTA_MICROSECONDS, Math.round(Math.max(cores, minCores) * period))} ${period}`;
    },
    quotaCores(_directory, text) {
      const quota = Number(text.split(' ')[0]);
      return quota > 0 ? quota / periodOf(text) : undefined;
    },
    maxQuotaBelow: () => 0,
  };
}

/** `cpu.max` is `<quota> <period>`, both in us, or `max <period>`. */
function periodOf(text: string): number {
  const period = Number(text.split(' ')[1]);
  return period > 0 ? period : DEFAULT_PERIOD_MICROSECONDS;
}
