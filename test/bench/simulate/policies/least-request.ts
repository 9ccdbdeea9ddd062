import type { Policy } from '../fleet/ports.ts';
import { Outstanding, perCaller } from './per-caller.ts';
import { anyOf } from './sampling.ts';

/**
 * As Envoy's LEAST_REQUEST with its defaults (`choice_count` 2, N_CHOICES; `least_request_lb.cc`): two random replicas,
 * drawn with replacement, and the one with fewer active requests of this caller, the first where they are equal.
 */
export const leastRequest: Policy = perCaller('LEAST_REQUEST', ({ replicas, random }) => {
  const outstanding = new Outstanding(replicas);
  return {
    pick: () => {
      const first = anyOf(random, replicas);
      const second = anyOf(random, replicas);
      const picked = outstanding.of(second) < outstanding.of(first) ? second : first;
      outstanding.sent(picked);
      return picked;
    },
    answered: (_request, replica) => outstanding.answered(replica),
  };
});
