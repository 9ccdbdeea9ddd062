import type { Policy } from '../fleet/ports.ts';
import { PUBLISHED, prequalWith } from './prequal.ts';

/**
 * Prequal with the settings that did best here: each probe serves once, the pool keeps the eight newest, and callers that send
 * little still probe ten times a second.
 */
export const prequalTuned: Policy = prequalWith('Prequal, tuned', {
  ...PUBLISHED,
  mostPooled: 8,
  reusesProbes: false,
  maxIdle: 0.1,
});
