/** CPU settings of the `cpu` controller of cgroup version 1. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CpuInterface, DEFAULT_PERIOD_MICROSECONDS, MIN_QUOTA_MICROSECONDS } from './cpu-interface.ts';
import { readNumber } from './group-file.ts';

const QUOTA = 'cpu.cfs_quota_us';
const PERIOD = 'cpu.cfs_period_us';

/** Microseconds. Larger than the error of dividing and multiplying by the same period. */
const ROUNDING = 1e-6;

/**
 * The kernel requires a group's quota to be at least that of each group below it and at most that of each group above
 * it. It answers EINVAL to any other.
 */
export const cpuControllerFiles: CpuInterface = {
  sharesFile: 'cpu.shares',
  quotaFile: QUOTA,
  sharesText: (shares) => String(shares),
  quotaText(directory, cores, minCores) {
    const period = periodOf(directory);
    const max = Math.floor(minQuotaAbove(directory) * period + ROUNDING);
    const min = Math.max(MIN_QUOTA_MICROSECONDS, Math.ceil(minCores * period - ROUNDING));
    return String(Math.max(min, Math.min(max, Math.round(cores * period))));
  },
  quotaCores(directory, text) {
    const quota = Number(text);
    return quota > 0 ? quota / periodOf(directory) : undefined;
  },
  maxQuotaBelow,
};

function periodOf(directory: string): number {
  return readNumber(directory, PERIOD) ?? DEFAULT_PERIOD_MICROSECONDS;
}

function coresOf(directory: string): number | undefined {
  const quota = readNumber(directory, QUOTA);
  return quota !== undefined && quota > 0 ? quota / periodOf(directory) : undefined;
}

function maxQuotaBelow(directory: string): number {
  return childGroups(directory).reduce((max, child) => Math.max(max, coresOf(child) ?? 0, maxQuotaBelow(child)), 0);
}

function minQuotaAbove(directory: string): number {
  let min = Infinity;
  for (let group = dirname(directory); readNumber(group, QUOTA) !== undefined; group = dirname(group)) {
    min = Math.min(min, coresOf(group) ?? Infinity);
  }
  return min;
}

function childGroups(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
  } catch {
    return []; // The group ended while we looked.
  }
}
