import type { Policy } from '../fleet/ports.ts';
import { PUBLISHED, prequalWith } from './prequal.ts';

/**
 * Prequal with what did best here: no probe serves twice, the pool keeps only the eight newest, and callers that send
 * little probe ten times a second all the same.
 */
export const prequalTuned: Policy = prequalWith('Prequal, tuned', {
  ...PUBLISHED,
  mostPooled: 8,
  reusesProbes: false,
  maxIdle: 0.1,
});
