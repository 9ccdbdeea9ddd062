import type { Policy } from '../fleet/ports.ts';
import { PUBLISHED, prequalWith } from './prequal.ts';

/** Prequal with what did best here: no probe serves twice, and the pool keeps only the eight newest. */
export const prequalTuned: Policy = prequalWith('Prequal, tuned', { ...PUBLISHED, poolSize: 8, reuse: () => 1 });
