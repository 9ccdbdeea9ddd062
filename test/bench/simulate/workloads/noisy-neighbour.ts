import { exponential } from '../fleet/random.ts';
import type { Workload } from './workload.ts';

const MEAN_WORK = 0.01;
/** Replicas per node: uneven, as schedulers leave them. */
const NODES = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3];
const CORES = 4;

/** A small mesh: 10 replicas placed unevenly on 4 nodes, one of them with a neighbour that comes and goes. */
export const noisyNeighbour: Workload = {
  name: 'noisy neighbour',
  about: '10 replicas on 4 nodes (4, 3, 2, 1), a neighbour that comes and goes on one, 80 % of what is left',
  nodes: Array.from({ length: 4 }, () => ({ cores: CORES })),
  services: [
    {
      name: 'search',
      callers: 10,
      replicas: NODES.map((node) => ({ node, allocationCores: 0.5 })),
      arrivals: { requestsPerSecond: (0.8 * (4 * CORES - 1.5)) / MEAN_WORK },
      work: exponential(MEAN_WORK),
      meanWork: MEAN_WORK,
    },
  ],
  antagonists: [{ node: 1, weight: 2, levels: [0, 3], holdSeconds: 8 }],
  seconds: 60,
};
