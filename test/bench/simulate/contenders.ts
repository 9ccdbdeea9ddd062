import { ballast } from './ballast/policy.ts';
import type { Policy } from './fleet/ports.ts';
import { c3 } from './policies/c3.ts';
import { leastRequest } from './policies/least-request.ts';
import { oracle } from './policies/oracle.ts';
import { peakEwma } from './policies/peak-ewma.ts';
import { prequalTuned } from './policies/prequal-tuned.ts';
import { prequal } from './policies/prequal.ts';
import { roundRobin } from './policies/round-robin.ts';
import { weightedRoundRobin } from './policies/weighted-round-robin.ts';

export const ours = ballast();

export const rivals: readonly Policy[] = [
  roundRobin,
  leastRequest,
  weightedRoundRobin,
  peakEwma,
  c3,
  prequal,
  prequalTuned,
];

/** The oracle knows the future: it is a bound, not a rival. */
export const contenders: readonly Policy[] = [...rivals, ours, oracle];
