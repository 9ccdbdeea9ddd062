import { type Distribution, lognormal, pareto } from '../fleet/random.ts';
import { equalNodes, evenly, rateFor, replicasOn } from './placement.ts';
import type { Workload } from './workload.ts';

/** Equal replicas: any difference between them is noise. Bursts ask for 120 % of the capacity, the time between for 40 %. */
function bursts(shape: string, work: Distribution): Workload {
  return {
    name: `bursts, ${shape}`,
    about: `20 equal replicas on 10 nodes, bursts of half a second at three times the rate, ${shape} work`,
    nodes: equalNodes(10, 4),
    services: [
      {
        name: 'search',
        callers: 20,
        replicas: replicasOn(evenly(10, 2), 2),
        arrivals: {
          requestsPerSecond: rateFor(0.6 * 40, work),
          bursts: { factor: 3, seconds: 0.5, calmSeconds: 1.5 },
        },
        work,
      },
    ],
    seconds: 40,
  };
}

export const burstyLognormal = bursts('lognormal', lognormal(0.01, 1.5));
export const burstyPareto = bursts('Pareto', pareto(0.0035, 1.5, 1));
