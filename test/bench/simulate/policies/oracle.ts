import type { Policy } from '../fleet/ports.ts';
import { perCaller } from './per-caller.ts';
import { leastAtRandom } from './sampling.ts';

/** Sends every request where it will be answered first, which no real balancer knows; ties are drawn at random. */
export const oracle: Policy = perCaller('oracle', ({ fleet, service, replicas, random }) => ({
  pick: () => leastAtRandom(random, replicas, (replica) => fleet.expectedLatency(service, replica)),
  answered: () => {},
}));
