/** Makes phase 2's problem of what is to be allocated: replicas whose share is settled are load like any other. */
import { add, at, indexAt } from './column.ts';
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
  let index = 0;
  for (let s = 0; s < served.length; s++) {
    const rate = Math.max(at(served, s), LEAST_DEMAND_CORES) / at(meanCost, s);
    const first = index;
    let rest = 1;
    for (let j = indexAt(input.firstReplica, s); j < indexAt(input.firstReplica, s + 1); j++) {
      const share = at(settled, j);
      const n = indexAt(input.node, j);
      const cost = at(input.cost, j);
      if (!Number.isNaN(share)) {
        rest -= share;
        add(problem.background, n, share * rate * cost);
        continue;
      }
      problem.node[index] = n;
      problem.cost[index] = cost;
      problem.hidden[index] = at(input.hidden, j);
      problem.limit[index] = at(input.limitCores, j);
      index += 1;
    }
    const open = index - first;
    const left = rate * Math.max(rest, open * input.floor);
    problem.start[s] = first;
    problem.start[s + 1] = index;
    problem.demand[s] = left;
    problem.pull[s] = open > 0 ? (at(input.pull, s) * reference * at(meanCost, s) * open) / left : 1;
  }
}

/** What load would cost if all nodes that have replicas were equally used: the measure for the pull. */
function referencePrice(input: AllocationInput, { served, weightOnNode }: Demands, curve: CurveKind): number {
  let nodes = 0;
  let capacity = 0;
  let load = 0;
  for (let n = 0; n < weightOnNode.length; n++) {
    if (!(at(weightOnNode, n) > 0)) continue;
    nodes += 1;
    capacity += at(input.capacityCores, n);
    load += at(input.backgroundCores, n);
  }
  if (nodes === 0) return 1;
  for (let s = 0; s < served.length; s++) load += at(served, s);
  const mean = capacity / nodes;
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  evaluateCurve(curve, mean, mean * Math.min(1, load / capacity), false, point);
  return Math.max(point.price, LEAST_PRICE);
}
