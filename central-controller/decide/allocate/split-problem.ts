/**
 * Phase 2: the split of each service's requests over its replicas with the smallest expected delay of all together,
 *
 *     minimise   sum_n w_n delay_n(load_n) + sum_j (l_j x_j + w_n queueing_j(cost_j x_j) + r_s / 2 (x_j - e_s)^2)
 *     such that  sum_{j of s} x_j = demand_s,  x_j >= floor e_s,  load_n = background_n + sum_{j on n} cost_j x_j
 *
 * over x_j, the requests per second of replica j. `e_s` is the equal share, `l_j` the non-CPU latency, and `queueing_j`
 * what a CPU limit of the replica adds. The regularisation `r_s` is positive. It makes the optimum unique, so that
 * small changes of the input make small changes of the weights, and it keeps replicas with uncertain estimates near the
 * equal share.
 */
import { add, at, indexAt } from './column.ts';
import { type CurveKind, type CurvePoint, evaluateCurve } from './delay-curve.ts';

/** Columns, filled again for each solution. */
export interface SplitProblem {
  curve: CurveKind;
  /** Fraction of the equal share that no replica falls below; less than 1. */
  floor: number;
  /** Cores, positive, per node. */
  readonly capacity: Float64Array;
  /** Cores that no weight moves, per node. */
  readonly background: Float64Array;
  /** Weight of the node's curve, positive, per node; 1 for `delay`. */
  readonly weight: Float64Array;
  /** Requests per second, positive, per service. */
  readonly demand: Float64Array;
  /** Seconds per request, per request/s away from the equal share; positive; per service. */
  readonly regularisation: Float64Array;
  /** Replicas of service s are those from `start[s]` to before `start[s + 1]`; a service may have none. */
  readonly start: Int32Array;
  readonly node: Int32Array;
  /** CPU seconds per request, per replica. */
  readonly cost: Float64Array;
  /** Non-CPU latency in seconds per request, beyond that of the service's other replicas; per replica. */
  readonly nonCpuSeconds: Float64Array;
  /** CPU limit in cores, positive, per replica; Infinity where it has none. */
  readonly limit: Float64Array;
}

export function createSplitProblem(nodes: number, services: number, replicas: number): SplitProblem {
  return {
    curve: 'delay',
    floor: 0,
    capacity: new Float64Array(nodes),
    background: new Float64Array(nodes),
    weight: new Float64Array(nodes).fill(1),
    demand: new Float64Array(services),
    regularisation: new Float64Array(services),
    start: new Int32Array(services + 1),
    node: new Int32Array(replicas),
    cost: new Float64Array(replicas),
    nonCpuSeconds: new Float64Array(replicas),
    limit: new Float64Array(replicas),
  };
}

/** Sets `loads` to the cores per node when the replicas get `requests` per second. */
export function loadsOf(problem: SplitProblem, requests: Float64Array, loads: Float64Array): void {
  const { node, cost, start } = problem;
  loads.set(problem.background);
  const replicas = indexAt(start, problem.demand.length);
  for (let j = 0; j < replicas; j++) {
    const n = indexAt(node, j);
    add(loads, n, at(requests, j) * at(cost, j));
  }
}

/** Sets the split that sends the same to every replica of a service. */
export function splitEqually({ start, demand }: SplitProblem, requests: Float64Array): void {
  for (let s = 0; s < demand.length; s++) {
    const from = indexAt(start, s);
    const to = indexAt(start, s + 1);
    requests.fill(at(demand, s) / (to - from), from, to);
  }
}

/** Scales the rates above the floor, so that none is below it and those of a service sum to its demand. */
export function fitToDemand({ start, demand, floor }: SplitProblem, requests: Float64Array): void {
  for (let s = 0; s < demand.length; s++) {
    const from = indexAt(start, s);
    const to = indexAt(start, s + 1);
    const least = (floor * at(demand, s)) / (to - from);
    let sum = 0;
    for (let j = from; j < to; j++) sum += Math.max(0, at(requests, j) - least);
    const scale = ((1 - floor) * at(demand, s)) / sum;
    for (let j = from; j < to; j++) requests[j] = least + scale * Math.max(0, at(requests, j) - least);
  }
}

/** Sets `point` to the node's term of the cost, with derivatives by its load in cores. */
export function evaluateNode(problem: SplitProblem, node: number, load: number, point: CurvePoint): void {
  const weight = at(problem.weight, node);
  evaluateCurve(problem.curve, at(problem.capacity, node), load, false, point);
  point.value *= weight;
  point.price *= weight;
  point.slope *= weight;
}

/** Sets `point` to the queueing term of a replica that has a limit, with derivatives by its requests per second. */
export function evaluateLimit(problem: SplitProblem, replica: number, rate: number, point: CurvePoint): void {
  const cost = at(problem.cost, replica);
  const weight = at(problem.weight, indexAt(problem.node, replica));
  evaluateCurve(problem.curve, at(problem.limit, replica), rate * cost, true, point);
  point.value *= weight;
  point.price *= weight * cost;
  point.slope *= weight * cost * cost;
}

/**
 * Largest relative violation of the Karush-Kuhn-Tucker conditions, 0 at the optimum: no replica above its floor may
 * have a higher marginal cost than another of its service, and the rates sum to the demand. It depends on the split
 * alone.
 *
 * @param loads scratch, per node: receives the loads of this split
 * @param prices scratch, per node
 */
export function kktResidual(
  problem: SplitProblem,
  requests: Float64Array,
  loads: Float64Array,
  prices: Float64Array,
  point: CurvePoint,
): number {
  loadsOf(problem, requests, loads);
  for (let n = 0; n < loads.length; n++) {
    evaluateNode(problem, n, at(loads, n), point);
    prices[n] = point.price;
  }
  let worst = 0;
  for (let service = 0; service < problem.demand.length; service++) {
    const from = indexAt(problem.start, service);
    const to = indexAt(problem.start, service + 1);
    if (from === to) continue;
    const demand = at(problem.demand, service);
    const regularisation = at(problem.regularisation, service);
    const equal = demand / (to - from);
    const floor = problem.floor * equal * (1 + 1e-9);
    let lowest = Infinity;
    let highest = -Infinity;
    let sum = 0;
    for (let j = from; j < to; j++) {
      const rate = at(requests, j);
      let marginal = at(problem.cost, j) * at(prices, indexAt(problem.node, j));
      marginal += at(problem.nonCpuSeconds, j) + regularisation * (rate - equal);
      if (problem.limit[j] !== Infinity) {
        evaluateLimit(problem, j, rate, point);
        marginal += point.price;
      }
      if (marginal < lowest) lowest = marginal;
      if (rate > floor && marginal > highest) highest = marginal;
      sum += rate;
    }
    // Where the regularisation dominates, the other terms are below its rounding.
    const measure = Math.max(Math.abs(highest), 1e-8 * regularisation * equal, Number.MIN_VALUE);
    if (highest > lowest) worst = Math.max(worst, (highest - lowest) / measure);
    worst = Math.max(worst, Math.abs(sum - demand) / demand);
  }
  return worst;
}
