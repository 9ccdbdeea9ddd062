import { exponential } from '../fleet/random.ts';
import { equalNodes, evenly, rateFor, replicasOn } from './placement.ts';
import type { Workload } from './workload.ts';

const SLOW = { speed: 1 / 16 };
const work = exponential(0.01);

export const slowReplicas: Workload = {
  name: 'two slow replicas',
  about: '2 of 16 replicas are 16 times slower, 70 % of all capacity',
  nodes: equalNodes(16, 2),
  services: [
    {
      name: 'search',
      callers: 16,
      replicas: replicasOn(evenly(16, 1), 2, { 3: SLOW, 11: SLOW }),
      arrivals: { requestsPerSecond: rateFor(0.7 * (14 * 2 + (2 * 2) / 16), work) },
      work,
    },
  ],
  seconds: 40,
};
