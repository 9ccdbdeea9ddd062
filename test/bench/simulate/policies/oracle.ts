import type { Policy } from '../fleet/ports.ts';
import { perCaller } from './per-caller.ts';
import { leastAtRandom } from './sampling.ts';

/** Sends every request where it will be answered first, as nobody can know; equals are drawn at random. */
export const oracle: Policy = perCaller('oracle', ({ fleet, service, replicas, random }) => ({
  pick: () => leastAtRandom(random, replicas, (replica) => fleet.expectedLatency(service, replica)),
  answered: () => {},
}));
