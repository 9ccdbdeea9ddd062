/** CPU settings of the `cpu` controller of cgroup version 1. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type CpuInterface, LEAST_QUOTA_MICROSECONDS } from './cpu-interface.ts';
import { readNumber } from './group-file.ts';

const QUOTA = 'cpu.cfs_quota_us';
const PERIOD = 'cpu.cfs_period_us';
const USUAL_PERIOD = 100_000;

/** Microseconds; what division and multiplication by the same period may be off by, and more. */
const ROUNDING = 1e-6;

/**
 * Here a group's quota must be at least that of each group below it and at most that of each above it, or the kernel
 * answers EINVAL.
 */
export const cpuControllerFiles: CpuInterface = {
  sharesFile: 'cpu.shares',
  quotaFile: QUOTA,
  sharesText: (shares) => String(shares),
  quotaText(directory, cores, leastCores) {
    const period = periodOf(directory);
    const most = Math.floor(smallestAbove(directory) * period + ROUNDING);
    const least = Math.max(LEAST_QUOTA_MICROSECONDS, Math.ceil(leastCores * period - ROUNDING));
    return String(Math.max(least, Math.min(most, Math.round(cores * period))));
  },
  quotaCores(directory, text) {
    const quota = Number(text);
    return quota > 0 ? quota / periodOf(directory) : undefined;
  },
  largestQuotaBelow: largestBelow,
};

function periodOf(directory: string): number {
  return readNumber(directory, PERIOD) ?? USUAL_PERIOD;
}

function coresOf(directory: string): number | undefined {
  const quota = readNumber(directory, QUOTA);
  return quota !== undefined && quota > 0 ? quota / periodOf(directory) : undefined;
}

function largestBelow(directory: string): number {
  let most = 0;
  for (const child of childGroups(directory)) most = Math.max(most, coresOf(child) ?? 0, largestBelow(child));
  return most;
}

function smallestAbove(directory: string): number {
  let least = Infinity;
  for (let group = dirname(directory); readNumber(group, QUOTA) !== undefined; group = dirname(group)) {
    least = Math.min(least, coresOf(group) ?? Infinity);
  }
  return least;
}

function childGroups(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(directory, name));
  } catch {
    return []; // The group ended while we looked.
  }
}
