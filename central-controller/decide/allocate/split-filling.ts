/** Makes phase 2's problem of what is to be allocated: replicas whose share is settled are load like any other. */
import type { AllocationInput } from './allocation-input.ts';
import { type CurveKind, type CurvePoint, evaluateCurve } from './delay-curve.ts';
import type { SplitProblem } from './split-problem.ts';

/** A service without requests is placed as though it had this demand, so that its next request goes well. */
export const LEAST_DEMAND_CORES = 1e-4;

/** The pull is never measured by less, so that the optimum stays unique where all is idle. */
const LEAST_PRICE = 1e-3;

/** Per service. */
export interface Demands {
  /** CPU seconds per request if its replicas all worked equally long: the harmonic mean of theirs. */
  readonly meanCost: Float64Array;
  /** Cores that the nodes can carry of its demand. */
  readonly served: Float64Array;
  /** Per node: weights of its replicas' services together, 0 where it has no replica. */
  readonly weightOnNode: Float64Array;
}

/** @param settled share of each replica that is not to be found, NaN where it is */
export function fillSplit(
  input: AllocationInput,
  demands: Demands,
  curve: CurveKind,
  settled: Float64Array,
  problem: SplitProblem,
): void {
  const { meanCost, served } = demands;
  const reference = referencePrice(input, demands, curve);
  problem.curve = curve;
  problem.floor = input.floor;
  problem.capacity.set(input.capacityCores);
  problem.background.set(input.backgroundCores);
  let at = 0;
  for (let s = 0; s < served.length; s++) {
    const rate = Math.max(served[s] ?? 0, LEAST_DEMAND_CORES) / (meanCost[s] ?? 1);
    const first = at;
    let rest = 1;
    for (let j = input.firstReplica[s] ?? 0; j < (input.firstReplica[s + 1] ?? 0); j++) {
      const share = settled[j] ?? 0;
      const n = input.node[j] ?? 0;
      const cost = input.cost[j] ?? 0;
      if (!Number.isNaN(share)) {
        rest -= share;
        problem.background[n] = (problem.background[n] ?? 0) + share * rate * cost;
        continue;
      }
      problem.node[at] = n;
      problem.cost[at] = cost;
      problem.hidden[at] = input.hidden[j] ?? 0;
      problem.limit[at] = input.limitCores[j] ?? Infinity;
      at += 1;
    }
    const open = at - first;
    const left = rate * Math.max(rest, open * input.floor);
    problem.start[s] = first;
    problem.start[s + 1] = at;
    problem.demand[s] = left;
    problem.pull[s] = open > 0 ? ((input.pull[s] ?? 0) * reference * (meanCost[s] ?? 0) * open) / left : 1;
  }
}

/** What load would cost if all nodes that have replicas were equally used: the measure for the pull. */
function referencePrice(input: AllocationInput, { served, weightOnNode }: Demands, curve: CurveKind): number {
  let nodes = 0;
  let capacity = 0;
  let load = 0;
  for (let n = 0; n < weightOnNode.length; n++) {
    if (!((weightOnNode[n] ?? 0) > 0)) continue;
    nodes += 1;
    capacity += input.capacityCores[n] ?? 0;
    load += input.backgroundCores[n] ?? 0;
  }
  if (nodes === 0) return 1;
  for (let s = 0; s < served.length; s++) load += served[s] ?? 0;
  const mean = capacity / nodes;
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  evaluateCurve(curve, mean, mean * Math.min(1, load / capacity), false, point);
  return Math.max(point.price, LEAST_PRICE);
}
