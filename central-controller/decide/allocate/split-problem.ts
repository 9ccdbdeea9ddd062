/**
 * Phase 2: the split of each service's requests over its replicas with the least expected delay of all together,
 *
 *     minimise   sum_r curve_r(load_r) + sum_j (hidden_j x_j + pull_j / 2 (x_j - anchor_j)^2)
 *     such that  sum_{j of s} x_j = demand_s,  x_j >= floor_j,  load_r = background_r + sum_{j on r} cost_j x_j
 *
 * over x_j, the requests per second of replica j. Resources are the nodes, and after them one for each replica that
 * has a CPU limit of its own. `pull` is positive: with it the optimum is unique, so that small changes of the facts
 * make small changes of the weights, and estimates that are uncertain keep near the anchor, the equal share.
 */
import { type CurveKind, type CurvePoint, evaluateCurve } from './delay-curve.ts';

export interface SplitProblem {
  readonly curve: CurveKind;
  /** The first so many resources are nodes. */
  readonly nodes: number;
  /** Cores, positive, per resource. */
  readonly capacity: Float64Array;
  /** Cores that are used whatever is decided, per resource. */
  readonly background: Float64Array;
  /** Requests per second, positive, per service. */
  readonly demand: Float64Array;
  /** Replicas of service s are those from `start[s]` to before `start[s + 1]`; at least one each. */
  readonly start: Int32Array;
  /** Resource of the replica's node. */
  readonly node: Int32Array;
  /** Resource of the replica's own limit; -1 where it has none. */
  readonly limit: Int32Array;
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

/** Evaluates the curve of one resource into `point`. A limit costs waiting only: the service is counted at the node. */
export function evaluateResource(problem: SplitProblem, resource: number, load: number, point: CurvePoint): void {
  evaluateCurve(problem.curve, problem.capacity[resource] ?? 1, load, resource >= problem.nodes, point);
}

/** Load of each resource in cores when the replicas get `requests` per second. */
export function loadsOf(problem: SplitProblem, requests: Float64Array): Float64Array {
  const loads = Float64Array.from(problem.background);
  requests.forEach((rate, replica) => {
    const cores = rate * (problem.cost[replica] ?? 0);
    const node = problem.node[replica] ?? 0;
    const limit = problem.limit[replica] ?? -1;
    loads[node] = (loads[node] ?? 0) + cores;
    if (limit >= 0) loads[limit] = (loads[limit] ?? 0) + cores;
  });
  return loads;
}

/** What is minimised. */
export function totalCost(problem: SplitProblem, requests: Float64Array): number {
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  let total = 0;
  loadsOf(problem, requests).forEach((load, resource) => {
    evaluateResource(problem, resource, load, point);
    total += point.value;
  });
  requests.forEach((rate, replica) => {
    const away = rate - (problem.anchor[replica] ?? 0);
    total += (problem.hidden[replica] ?? 0) * rate + ((problem.pull[replica] ?? 0) * away * away) / 2;
  });
  return total;
}

/**
 * The certificate: largest relative violation of the Karush-Kuhn-Tucker conditions, 0 at the optimum. Computed from
 * the split alone: no replica above its floor may have a higher marginal cost than another of its service.
 */
export function violation(problem: SplitProblem, requests: Float64Array): number {
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  const prices = loadsOf(problem, requests).map((load, resource) => {
    evaluateResource(problem, resource, load, point);
    return point.price;
  });
  let worst = 0;
  problem.demand.forEach((demand, service) => {
    let lowest = Infinity;
    let highest = -Infinity;
    let sum = 0;
    for (let j = problem.start[service] ?? 0; j < (problem.start[service + 1] ?? 0); j++) {
      const rate = requests[j] ?? 0;
      const floor = problem.floor[j] ?? 0;
      const limit = problem.limit[j] ?? -1;
      const price = (prices[problem.node[j] ?? 0] ?? 0) + (limit >= 0 ? (prices[limit] ?? 0) : 0);
      const away = rate - (problem.anchor[j] ?? 0);
      const marginal = (problem.hidden[j] ?? 0) + (problem.cost[j] ?? 0) * price + (problem.pull[j] ?? 0) * away;
      lowest = Math.min(lowest, marginal);
      if (rate > floor * (1 + 1e-9)) highest = Math.max(highest, marginal);
      sum += rate;
    }
    const spread = highest > lowest ? (highest - lowest) / Math.max(Math.abs(highest), Number.MIN_VALUE) : 0;
    worst = Math.max(worst, spread, Math.abs(sum - demand) / demand);
  });
  return worst;
}
