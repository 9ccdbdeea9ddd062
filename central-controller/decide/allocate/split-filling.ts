/** Makes the problem of phase 2 from the input. Replicas with a fixed share become background of their node. */
import { add, at, indexAt } from './column.ts';
import type { AllocationInput } from './allocation-input.ts';
import { type CurveKind, type CurvePoint, evaluateCurve } from './delay-curve.ts';
import type { SplitProblem } from './split-problem.ts';

/** A service without requests is placed as if it had this demand, so that its next request finds a good replica. */
export const MIN_DEMAND_CORES = 1e-4;

/** The regularisation is relative to at least this price, so that the optimum is unique in an idle cluster. */
const MIN_PRICE = 1e-3;

export interface Demands {
  /** CPU seconds per request when all replicas use the same CPU, the harmonic mean of their costs; per service. */
  readonly meanCost: Float64Array;
  /** Cores of the demand that the nodes can carry, per service. */
  readonly served: Float64Array;
  /** Sum of the weights of the services of a node's replicas, per node; 0 where it has no replica. */
  readonly weightOnNode: Float64Array;
}

/** @param fixed shares that the split leaves as they are; NaN where it finds them; per replica */
export function fillSplit(
  input: AllocationInput,
  demands: Demands,
  curve: CurveKind,
  fixed: Float64Array,
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
    const rate = Math.max(at(served, s), MIN_DEMAND_CORES) / at(meanCost, s);
    const first = index;
    let rest = 1;
    for (let j = indexAt(input.firstReplica, s); j < indexAt(input.firstReplica, s + 1); j++) {
      const share = at(fixed, j);
      const n = indexAt(input.node, j);
      const cost = at(input.cost, j);
      if (!Number.isNaN(share)) {
        rest -= share;
        add(problem.background, n, share * rate * cost);
        continue;
      }
      problem.node[index] = n;
      problem.cost[index] = cost;
      problem.nonCpuSeconds[index] = at(input.nonCpuSeconds, j);
      problem.limit[index] = at(input.limitCores, j);
      index += 1;
    }
    const open = index - first;
    const left = rate * Math.max(rest, open * input.floor);
    problem.start[s] = first;
    problem.start[s + 1] = index;
    problem.demand[s] = left;
    problem.regularisation[s] =
      open > 0 ? (at(input.regularisation, s) * reference * at(meanCost, s) * open) / left : 1;
  }
}

/** The price of load if all nodes with replicas were equally used. The regularisation is relative to it. */
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
  return Math.max(point.price, MIN_PRICE);
}
