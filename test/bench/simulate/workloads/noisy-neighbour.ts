import { exponential } from '../fleet/random.ts';
import { equalNodes, rateFor, replicasOn } from './placement.ts';
import type { Workload } from './workload.ts';

const work = exponential(0.01);

/** A small mesh as schedulers leave it, one node with a neighbour that takes more than a quarter of it at times. */
export const noisyNeighbour: Workload = {
  name: 'noisy neighbour',
  about: '10 replicas on 4 nodes (4, 3, 2, 1), a neighbour that comes and goes, 80 % of what it leaves',
  nodes: equalNodes(4, 4),
  services: [
    {
      name: 'search',
      callers: 10,
      replicas: replicasOn([0, 0, 0, 0, 1, 1, 1, 2, 2, 3], 0.5),
      arrivals: { requestsPerSecond: rateFor(0.8 * 14.9, work) },
      work,
    },
  ],
  antagonists: [{ node: 1, weight: 2, levels: [0, 3], holdSeconds: 8 }],
  seconds: 60,
};
