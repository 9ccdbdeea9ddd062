/**
 * Phase 2: the split of each service's requests over its replicas with the least expected delay of all together,
 *
 *     minimise   sum_n delay_n(load_n) + sum_j (hidden_j x_j + waiting_j(cost_j x_j) + pull_j / 2 (x_j - anchor_j)^2)
 *     such that  sum_{j of s} x_j = demand_s,  x_j >= floor_j,  load_n = background_n + sum_{j on n} cost_j x_j
 *
 * over x_j, the requests per second of replica j. `waiting` is what a CPU limit of the replica itself adds. `pull` is
 * positive: with it the optimum is unique, so that small changes of the facts make small changes of the weights, and
 * estimates that are uncertain keep near the anchor, the equal share.
 */
import { type CurveKind, type CurvePoint, evaluateCurve } from './delay-curve.ts';

export interface SplitProblem {
  readonly curve: CurveKind;
  /** Cores, positive, per node. */
  readonly capacity: Float64Array;
  /** Cores that are used whatever is decided, per node. */
  readonly background: Float64Array;
  /** Requests per second, positive, per service. */
  readonly demand: Float64Array;
  /** Replicas of service s are those from `start[s]` to before `start[s + 1]`; at least one each. */
  readonly start: Int32Array;
  readonly node: Int32Array;
  /** Cores, positive; Infinity where the replica has no limit of its own. */
  readonly limit: Float64Array;
  /** CPU seconds per request. */
  readonly cost: Float64Array;
  /** Seconds per request that no CPU explains, beyond what the service's other replicas show too. */
  readonly hidden: Float64Array;
  /** Requests per second; they sum to less than the demand of the service. */
  readonly floor: Float64Array;
  readonly anchor: Float64Array;
  /** Seconds per request, per request/s away from the anchor; positive. */
  readonly pull: Float64Array;
}

/** Load of each node in cores when the replicas get `requests` per second. */
export function loadsOf(problem: SplitProblem, requests: Float64Array): Float64Array {
  const loads = Float64Array.from(problem.background);
  requests.forEach((rate, replica) => {
    const node = problem.node[replica] ?? 0;
    loads[node] = (loads[node] ?? 0) + rate * (problem.cost[replica] ?? 0);
  });
  return loads;
}

/**
 * What the replica's own requests cost beside the load of its node, into `point`: hidden delay, waiting at its own
 * limit, and the pull. `value` in requests in flight, `price` and `slope` its derivatives by requests per second.
 */
export function evaluateReplica(problem: SplitProblem, replica: number, rate: number, point: CurvePoint): void {
  const limit = problem.limit[replica] ?? Infinity;
  const cost = problem.cost[replica] ?? 0;
  const hidden = problem.hidden[replica] ?? 0;
  const pull = problem.pull[replica] ?? 1;
  const away = rate - (problem.anchor[replica] ?? 0);
  point.value = 0;
  point.price = 0;
  point.slope = 0;
  if (limit !== Infinity) evaluateCurve(problem.curve, limit, rate * cost, true, point);
  point.value += hidden * rate + (pull * away * away) / 2;
  point.price = point.price * cost + hidden + pull * away;
  point.slope = point.slope * cost * cost + pull;
}

/** What is minimised. */
export function totalCost(problem: SplitProblem, requests: Float64Array): number {
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  let total = 0;
  loadsOf(problem, requests).forEach((load, node) => {
    evaluateCurve(problem.curve, problem.capacity[node] ?? 1, load, false, point);
    total += point.value;
  });
  requests.forEach((rate, replica) => {
    evaluateReplica(problem, replica, rate, point);
    total += point.value;
  });
  return total;
}

/**
 * The certificate: largest relative violation of the Karush-Kuhn-Tucker conditions, 0 at the optimum. Computed from
 * the split alone: no replica above its floor may have a higher marginal cost than another of its service.
 */
export function violation(problem: SplitProblem, requests: Float64Array): number {
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  const prices = loadsOf(problem, requests).map((load, node) => {
    evaluateCurve(problem.curve, problem.capacity[node] ?? 1, load, false, point);
    return point.price;
  });
  let worst = 0;
  problem.demand.forEach((demand, service) => {
    let lowest = Infinity;
    let highest = -Infinity;
    let sum = 0;
    for (let j = problem.start[service] ?? 0; j < (problem.start[service + 1] ?? 0); j++) {
      const rate = requests[j] ?? 0;
      evaluateReplica(problem, j, rate, point);
      const marginal = (problem.cost[j] ?? 0) * (prices[problem.node[j] ?? 0] ?? 0) + point.price;
      lowest = Math.min(lowest, marginal);
      if (rate > (problem.floor[j] ?? 0) * (1 + 1e-9)) highest = Math.max(highest, marginal);
      sum += rate;
    }
    const spread = highest > lowest ? (highest - lowest) / Math.max(Math.abs(highest), Number.MIN_VALUE) : 0;
    worst = Math.max(worst, spread, Math.abs(sum - demand) / demand);
  });
  return worst;
}
