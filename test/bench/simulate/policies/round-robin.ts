import type { Policy } from '../fleet/ports.ts';
import { perCaller } from './per-caller.ts';
import { anyOf } from './sampling.ts';

/** As Envoy's ROUND_ROBIN: every caller goes around the replicas in their order, from a random one on. */
export const roundRobin: Policy = perCaller('round robin', ({ replicas, random }) => {
  let next = anyOf(random, replicas);
  return {
    pick: () => {
      const picked = next;
      next = (next + 1) % replicas;
      return picked;
    },
    answered: () => {},
  };
});
