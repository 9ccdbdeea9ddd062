import { exponential } from '../fleet/random.ts';
import { equalNodes, evenly, rateFor, replicasOn } from './placement.ts';
import type { Workload } from './workload.ts';

const WAITS = { waitSeconds: 0.05 };
const work = exponential(0.01);

/** Slowness that no CPU counter shows. */
export const hiddenWait: Workload = {
  name: 'hidden I/O',
  about: '2 of 10 replicas wait 50 ms for I/O per request, 70 % of the CPU',
  nodes: equalNodes(5, 4),
  services: [
    {
      name: 'search',
      callers: 10,
      replicas: replicasOn(evenly(5, 2), 2, { 2: WAITS, 8: WAITS }),
      arrivals: { requestsPerSecond: rateFor(0.7 * 20, work) },
      work,
    },
  ],
  seconds: 50,
};
