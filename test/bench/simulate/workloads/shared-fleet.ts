import { exponential } from '../fleet/random.ts';
import { equalNodes, evenly, rateFor, replicasOn } from './placement.ts';
import type { Antagonist, Workload } from './workload.ts';

const NODES = 50;
const CORES = 8;
const PER_NODE = 2;
const ALLOCATION = 1;
const ANTAGONIST_WEIGHT = CORES - PER_NODE * ALLOCATION;
/** Nodes whose antagonists always use everything: a replica there never gets more than its allocation. */
const FULL_NODES = 10;

function antagonist(node: number): Antagonist {
  if (node < FULL_NODES) return { node, weight: ANTAGONIST_WEIGHT, levels: [CORES], holdSeconds: 1000 };
  return { node, weight: ANTAGONIST_WEIGHT, levels: [0, 0, CORES / 2, CORES], holdSeconds: 10 };
}

/**
 * The testbed of the Prequal paper (Wydrowski et al., NSDI 2024, section 5): 100 callers, 100 replicas, each with a
 * small allocation of a machine whose other tenants come and go, so that some replicas can borrow and others cannot.
 * @param load demand over all allocations; above 1 it is carried by borrowing only
 */
function sharedFleet(load: number): Workload {
  const work = exponential(0.08);
  return {
    name: `shared fleet ${Math.round(load * 100)} %`,
    about: `100 callers, 100 replicas beside antagonists, demand ${Math.round(load * 100)} % of what is allocated`,
    nodes: equalNodes(NODES, CORES),
    services: [
      {
        name: 'search',
        callers: 100,
        replicas: replicasOn(evenly(NODES, PER_NODE), ALLOCATION),
        arrivals: { requestsPerSecond: rateFor(load * NODES * PER_NODE * ALLOCATION, work) },
        work,
      },
    ],
    antagonists: Array.from({ length: NODES }, (_, node) => antagonist(node)),
    seconds: 60,
  };
}

export const sharedFleets: readonly Workload[] = [0.7, 0.9, 1.2, 1.74].map(sharedFleet);
