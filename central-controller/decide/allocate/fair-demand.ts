/**
 * Phase 1: how much of each service's demand the nodes can carry, shared weighted max-min fairly.
 *
 * Served demand of service s is `clamp(weight_s * t, guarantee_s, demand_s)` for one common level t, raised as far as
 * the network service -> node allows; services held by a tight cut stay there and the others rise on. The highest
 * level is found by Newton's method on cuts (Megiddo 1974; Gallo, Grigoriadis, Tarjan 1989): the minimum cut at an
 * infeasible level says which services want too much, and the level at which just they fit is the next one to try.
 */
import { addEdge, createNetwork, maximiseFlow } from './max-flow.ts';

export interface FairProblem {
  /** Cores, per service. */
  readonly demand: readonly number[];
  /** Cores that the service gets before others rise above theirs; all together they fit. */
  readonly guarantee: readonly number[];
  readonly weight: readonly number[];
  /** Cores, per node. */
  readonly capacity: readonly number[];
  /** Replicas: what a service may use of a node, in cores. */
  readonly replicas: readonly { readonly service: number; readonly node: number; readonly limit: number }[];
}

/** Part of the total demand that rounding may hide. */
const TOLERANCE = 1e-11;

/** Served demand in cores, per service. Exact up to rounding. */
export function fairDemand(problem: FairProblem): number[] {
  const served = [...problem.demand];
  const rising = new Set(served.keys());
  const scale = problem.demand.reduce((sum, demand) => sum + demand, 0);
  for (;;) {
    let held = violatedCut(problem, served, scale);
    if (!held) return served;
    let tight = held;
    while (held) {
      tight = held;
      const level = highestLevel(problem, tight, served, rising);
      for (const service of rising) served[service] = demandAt(problem, service, level);
      held = violatedCut(problem, served, scale);
    }
    const before = rising.size;
    for (const service of tight.services) rising.delete(service);
    if (rising.size === before) return served;
    for (const service of rising) served[service] = problem.demand[service] ?? 0;
  }
}

interface Cut {
  readonly services: readonly number[];
  /** Cores that these services can get at most, whatever the others do. */
  readonly capacity: number;
}

function demandAt(problem: FairProblem, service: number, level: number): number {
  const demand = problem.demand[service] ?? 0;
  const guarantee = Math.min(problem.guarantee[service] ?? 0, demand);
  return Math.min(demand, Math.max(guarantee, (problem.weight[service] ?? 0) * level));
}

/** Services that together want more than they can get, or undefined when all of `served` fits. */
function violatedCut(problem: FairProblem, served: readonly number[], scale: number): Cut | undefined {
  const { capacity, replicas } = problem;
  const nodeAt = 1 + served.length;
  const sink = nodeAt + capacity.length;
  const network = createNetwork(sink + 1);
  served.forEach((cores, service) => addEdge(network, 0, 1 + service, cores));
  for (const { service, node, limit } of replicas) addEdge(network, 1 + service, nodeAt + node, limit);
  capacity.forEach((cores, node) => addEdge(network, nodeAt + node, sink, cores));
  const { flow, sourceSide } = maximiseFlow(network, 0, sink, scale * TOLERANCE * 0.01);
  const wanted = served.reduce((sum, cores) => sum + cores, 0);
  if (flow >= wanted - scale * TOLERANCE * (1 + served.length)) return undefined;
  let cutCapacity = 0;
  capacity.forEach((cores, node) => (cutCapacity += sourceSide[nodeAt + node] ? cores : 0));
  for (const { service, node, limit } of replicas) {
    if (sourceSide[1 + service] && !sourceSide[nodeAt + node]) cutCapacity += limit;
  }
  return { services: [...served.keys()].filter((service) => sourceSide[1 + service]), capacity: cutCapacity };
}

/** The level at which the services of the cut just fill it. */
function highestLevel(problem: FairProblem, cut: Cut, served: readonly number[], rising: ReadonlySet<number>): number {
  const movable = cut.services.filter((service) => rising.has(service) && (problem.weight[service] ?? 0) > 0);
  const settled = cut.services.reduce((sum, service) => sum + (rising.has(service) ? 0 : (served[service] ?? 0)), 0);
  const total = (level: number): number =>
    movable.reduce((sum, service) => sum + demandAt(problem, service, level), settled);
  // `total` is linear between the levels at which a service leaves its guarantee or reaches its demand.
  const bends = movable
    .flatMap((service) => {
      const weight = problem.weight[service] ?? 1;
      return [
        Math.min(problem.guarantee[service] ?? 0, problem.demand[service] ?? 0),
        problem.demand[service] ?? 0,
      ].map((cores) => cores / weight);
    })
    .toSorted((a, b) => a - b);
  let below = 0;
  let atBelow = total(0);
  for (const bend of bends) {
    const atBend = total(bend);
    if (atBend > cut.capacity) {
      const slope = (atBend - atBelow) / (bend - below);
      return slope > 0 ? Math.max(below, below + (cut.capacity - atBelow) / slope) : below;
    }
    below = bend;
    atBelow = atBend;
  }
  return below;
}
