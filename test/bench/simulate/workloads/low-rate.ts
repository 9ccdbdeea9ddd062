import { exponential } from '../fleet/random.ts';
import { equalNodes, evenly, replicasOn } from './placement.ts';
import type { Workload } from './workload.ts';

/** Callers that send so little that their own observations are old when they are needed. */
export const lowRate: Workload = {
  name: 'low-rate callers',
  about: '100 callers of 2 requests/s each, 20 replicas on 10 nodes, antagonists on half of them',
  nodes: equalNodes(10, 4),
  services: [
    {
      name: 'search',
      callers: 100,
      replicas: replicasOn(evenly(10, 2), 0.75),
      arrivals: { requestsPerSecond: 200 },
      work: exponential(0.12),
    },
  ],
  antagonists: [0, 2, 4, 6, 8].map((node) => ({ node, weight: 2.5, levels: [0, 4], holdSeconds: 10 })),
  seconds: 300,
};
