import { exponential } from '../fleet/random.ts';
import { equalNodes, evenly, rateFor, replicasOn } from './placement.ts';
import type { Workload } from './workload.ts';

const work = exponential(0.01);

export const capacityStep: Workload = {
  name: 'capacity step',
  about: 'one of 4 nodes loses half its cores for good, 75 % before and 86 % after',
  nodes: equalNodes(4, 4),
  services: [
    {
      name: 'search',
      callers: 20,
      replicas: replicasOn(evenly(4, 3), 1),
      arrivals: { requestsPerSecond: rateFor(0.75 * 16, work) },
      work,
    },
  ],
  resize: { node: 0, cores: 2, atSeconds: 60 },
  seconds: 60,
};
