import { exponential } from '../fleet/random.ts';
import { equalNodes, evenly, rateFor, replicasOn } from './placement.ts';
import type { Workload } from './workload.ts';

const work = exponential(0.01);

/** The emptiest and quickest replica is the broken one. */
export const failingFast: Workload = {
  name: 'failing fast',
  about: '1 of 10 replicas answers half of its requests with an error at once, 60 % of the CPU',
  nodes: equalNodes(5, 4),
  services: [
    {
      name: 'search',
      callers: 10,
      replicas: replicasOn(evenly(5, 2), 2, { 4: { failureShare: 0.5 } }),
      arrivals: { requestsPerSecond: rateFor(0.6 * 20, work) },
      work,
    },
  ],
  seconds: 50,
};
