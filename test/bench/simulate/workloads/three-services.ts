import { type Distribution, exponential, lognormal } from '../fleet/random.ts';
import { equalNodes, rateFor, replicasOn } from './placement.ts';
import type { ServicePlan, Workload } from './workload.ts';

function service(name: string, placement: readonly number[], cores: number, work: Distribution): ServicePlan {
  return {
    name,
    callers: 10,
    replicas: replicasOn(placement, 1),
    arrivals: { requestsPerSecond: rateFor(cores, work) },
    work,
  };
}

/** Services that share nodes: a request of one takes CPU from the others on that node. */
export const threeServices: Workload = {
  name: 'three services',
  about: '3 services of 8 replicas each, placed unevenly on 6 nodes, 75 % of the CPU',
  nodes: equalNodes(6, 4),
  services: [
    service('search', [0, 0, 0, 1, 1, 2, 3, 4], 6, exponential(0.01)),
    service('rate', [1, 2, 2, 3, 3, 3, 5, 5], 7, exponential(0.01)),
    service('profile', [0, 1, 4, 4, 4, 5, 5, 5], 5, lognormal(0.01, 1)),
  ],
  seconds: 50,
};
