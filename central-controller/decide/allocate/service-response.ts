/** How each service splits its requests best when the price of each node's load is given. */
import type { CurvePoint } from './delay-curve.ts';
import { evaluateLimit, type SplitProblem } from './split-problem.ts';

/** What all services choose at the prices they were last given. */
export interface Response {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** Requests/s by which a replica's rate rises per second of marginal cost; 0 where it is held at its floor. */
  readonly flexibility: Float64Array;
}

/** Linearisations of the waiting at the replicas' own limits. */
const MOST_ROUNDS = 60;

/** Movement in one round, as a part of the equal share, after which the next would be rounding: errors square. */
const TOLERANCE = 1e-7;

export function createResponse(replicas: number): Response {
  return { requests: new Float64Array(replicas), flexibility: new Float64Array(replicas) };
}

/**
 * Every service's best split at these prices.
 *
 * @param guess scratch, per replica: the rate that each would have, floor or not
 */
export function respondAll(
  problem: SplitProblem,
  prices: Float64Array,
  response: Response,
  guess: Float64Array,
  point: CurvePoint,
): void {
  for (let service = 0; service < problem.demand.length; service++) {
    if (problem.start[service] === problem.start[service + 1]) continue;
    respond(problem, service, prices, response, guess, point);
  }
}

/**
 * Without limits the rates are linear in the common marginal cost, above their floors. What limits add is linearised at
 * the rates of the round before (Newton's method): it is convex, so that from the second round on the rates come down
 * on the solution from above.
 */
function respond(
  problem: SplitProblem,
  service: number,
  prices: Float64Array,
  response: Response,
  guess: Float64Array,
  point: CurvePoint,
): void {
  const { node, cost, hidden, limit } = problem;
  const { requests, flexibility } = response;
  const from = problem.start[service] ?? 0;
  const to = problem.start[service + 1] ?? 0;
  const demand = problem.demand[service] ?? 0;
  const pull = problem.pull[service] ?? 1;
  const equal = demand / (to - from);
  const loose = 1 / pull;
  // Costs are counted from the cheapest replica's, for differences of large numbers would be rounded.
  let cheapest = Infinity;
  for (let j = from; j < to; j++) {
    cheapest = Math.min(cheapest, (cost[j] ?? 0) * (prices[node[j] ?? 0] ?? 0) + (hidden[j] ?? 0));
  }
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let isLimited = false;
    for (let j = from; j < to; j++) {
      const base = (cost[j] ?? 0) * (prices[node[j] ?? 0] ?? 0) + (hidden[j] ?? 0) - cheapest;
      if (limit[j] === Infinity) {
        flexibility[j] = loose;
        guess[j] = equal - base * loose;
      } else {
        isLimited = true;
        const rate = Math.min(requests[j] ?? 0, demand);
        evaluateLimit(problem, j, rate, point);
        flexibility[j] = 1 / (pull + point.slope);
        guess[j] = rate - (base + point.price + pull * (rate - equal)) * (flexibility[j] ?? 0);
      }
    }
    const moved = fill(from, to, demand, problem.floor * equal, response, guess);
    if (!isLimited || moved <= TOLERANCE * equal) break;
  }
}

/** What the splits cost: `sum_j price * cost_j * x_j` and all that is the replicas' own. */
export function valueOf(
  problem: SplitProblem,
  prices: Float64Array,
  { requests }: Response,
  point: CurvePoint,
): number {
  const { node, cost, hidden, limit, start, demand, pull } = problem;
  let value = 0;
  for (let s = 0; s < demand.length; s++) {
    const from = start[s] ?? 0;
    const to = start[s + 1] ?? 0;
    const equal = (demand[s] ?? 0) / (to - from);
    for (let j = from; j < to; j++) {
      const rate = requests[j] ?? 0;
      const away = rate - equal;
      value += rate * ((cost[j] ?? 0) * (prices[node[j] ?? 0] ?? 0) + (hidden[j] ?? 0));
      value += ((pull[s] ?? 0) * away * away) / 2;
      if (limit[j] === Infinity) continue;
      evaluateLimit(problem, j, rate, point);
      value += point.value;
    }
  }
  return value;
}

/**
 * Sets the rates to `max(floor, guess + marginal * flexibility)` with the marginal cost at which they sum to the demand:
 * Newton's method on a sum that is convex and piecewise linear ends on the right piece, soon when it starts near it.
 * Returns the greatest movement of a rate.
 */
function fill(
  from: number,
  to: number,
  demand: number,
  floor: number,
  { requests, flexibility }: Response,
  guess: Float64Array,
): number {
  let marginal = Infinity;
  for (let before = NaN; marginal !== before;) {
    let rest = demand;
    let sum = 0;
    for (let j = from; j < to; j++) {
      const flexible = flexibility[j] ?? 0;
      const own = guess[j] ?? 0;
      if (own + marginal * flexible > floor) {
        rest -= own;
        sum += flexible;
      } else rest -= floor;
    }
    before = marginal;
    if (sum > 0) marginal = rest / sum;
  }
  let moved = 0;
  for (let j = from; j < to; j++) {
    const free = (guess[j] ?? 0) + marginal * (flexibility[j] ?? 0);
    if (free <= floor) flexibility[j] = 0;
    const rate = free > floor ? free : floor;
    moved = Math.max(moved, Math.abs(rate - (requests[j] ?? 0)));
    requests[j] = rate;
  }
  return moved;
}
