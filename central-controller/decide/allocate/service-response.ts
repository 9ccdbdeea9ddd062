/** How one service splits its requests best when the price of each node's load is given. */
import type { CurvePoint } from './delay-curve.ts';
import { evaluateReplica, type SplitProblem } from './split-problem.ts';

/** What all services choose at the prices they were last given. */
export interface Response {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** Requests/s by which a replica's rate rises per second of marginal cost; 0 where it is held at its floor. */
  readonly flexibility: Float64Array;
  /** Marginal cost that all replicas of a service above their floor have in common, per service. */
  readonly marginal: Float64Array;
}

const MOST_ROUNDS = 100;

/** Relative error of the sum of a service's rates. */
const TOLERANCE = 1e-14;

export function createResponse(problem: SplitProblem): Response {
  return {
    requests: Float64Array.from(problem.anchor),
    flexibility: new Float64Array(problem.cost.length),
    marginal: new Float64Array(problem.demand.length),
  };
}

/**
 * Finds the marginal cost at which the rates of the service's replicas sum to its demand: Newton's method kept within
 * a shrinking bracket, finite where no replica has a limit, for then the sum is piecewise linear. Returns the cost of
 * the split: `sum_j price * cost_j * x_j` and all that is the replicas' own.
 */
export function respond(problem: SplitProblem, service: number, prices: Float64Array, response: Response): number {
  const from = problem.start[service] ?? 0;
  const to = problem.start[service + 1] ?? 0;
  const demand = problem.demand[service] ?? 0;
  const point: CurvePoint = { value: 0, price: 0, slope: 0 };
  let low = Infinity;
  let high = -Infinity;
  for (let j = from; j < to; j++) {
    const base = (problem.cost[j] ?? 0) * (prices[problem.node[j] ?? 0] ?? 0);
    evaluateReplica(problem, j, problem.floor[j] ?? 0, point);
    low = Math.min(low, base + point.price);
    evaluateReplica(problem, j, demand, point);
    high = Math.max(high, base + point.price);
  }
  let marginal = response.marginal[service] ?? 0;
  if (!(marginal > low && marginal < high)) marginal = (low + high) / 2;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let missing = demand;
    let flexibility = 0;
    for (let j = from; j < to; j++) {
      chooseRate(problem, j, marginal - (problem.cost[j] ?? 0) * (prices[problem.node[j] ?? 0] ?? 0), response, point);
      missing -= response.requests[j] ?? 0;
      flexibility += response.flexibility[j] ?? 0;
    }
    if (Math.abs(missing) <= TOLERANCE * demand) break;
    if (missing > 0) low = marginal;
    else high = marginal;
    const newton = marginal + missing / flexibility;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (next === marginal) break;
    marginal = next;
  }
  response.marginal[service] = marginal;
  let cost = 0;
  for (let j = from; j < to; j++) {
    const rate = response.requests[j] ?? 0;
    evaluateReplica(problem, j, rate, point);
    cost += rate * (problem.cost[j] ?? 0) * (prices[problem.node[j] ?? 0] ?? 0) + point.value;
  }
  return cost;
}

/**
 * The rate at which the replica's own marginal cost is `marginal`, at least its floor. That cost is convex in the rate,
 * so Newton's method from the rate it had comes down on the solution from above after its first step.
 */
function chooseRate(
  problem: SplitProblem,
  replica: number,
  marginal: number,
  response: Response,
  point: CurvePoint,
): void {
  const floor = problem.floor[replica] ?? 0;
  const limited = problem.limit[replica] !== Infinity;
  let rate = Math.max(floor, response.requests[replica] ?? 0);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    evaluateReplica(problem, replica, rate, point);
    const next = Math.max(floor, rate + (marginal - point.price) / point.slope);
    const moved = Math.abs(next - rate);
    rate = next;
    if (!limited || moved <= 1e-15 * rate) break;
  }
  const held = rate === floor && marginal <= point.price;
  response.requests[replica] = rate;
  response.flexibility[replica] = held ? 0 : 1 / point.slope;
}
