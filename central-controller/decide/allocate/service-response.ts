/** How each service splits its requests best when the price of each node's load is given. */
import type { CurvePoint } from './delay-curve.ts';
import { evaluateLimit, type SplitProblem } from './split-problem.ts';

/** What all services choose at the prices they were last given. */
export interface Response {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** Requests/s by which a replica's rate rises per second of marginal cost; 0 where it is held at its floor. */
  readonly flexibility: Float64Array;
  /** Cost of all splits: `sum_j price * cost_j * x_j` and all that is the replicas' own. */
  value: number;
}

/** Linearisations of the waiting at the replicas' own limits. */
const MOST_ROUNDS = 60;

/** Movement in one round, as a part of the equal share, after which the next would be rounding: errors square. */
const TOLERANCE = 1e-8;

export function createResponse(replicas: number): Response {
  return { requests: new Float64Array(replicas), flexibility: new Float64Array(replicas), value: 0 };
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
  response.value = 0;
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
  let value = 0;
  for (let j = from; j < to; j++) {
    const rate = requests[j] ?? 0;
    const away = rate - equal;
    value += rate * ((cost[j] ?? 0) * (prices[node[j] ?? 0] ?? 0) + (hidden[j] ?? 0)) + (pull * away * away) / 2;
    if (limit[j] === Infinity) continue;
    evaluateLimit(problem, j, rate, point);
    value += point.value;
  }
  response.value += value;
}

/**
 * Sets the rates to `max(floor, guess + marginal * flexibility)` with the marginal cost at which they sum to the demand.
 * Replicas below their floor are taken out, which lowers the marginal cost and so may take out others, but brings none
 * back (Michelot 1986). Returns the greatest movement of a rate.
 */
function fill(
  from: number,
  to: number,
  demand: number,
  floor: number,
  { requests, flexibility }: Response,
  guess: Float64Array,
): number {
  let marginal = 0;
  for (let open = to - from, before = open + 1; open < before && open > 0;) {
    let rest = demand - (to - from - open) * floor;
    let sum = 0;
    for (let j = from; j < to; j++) {
      if (flexibility[j] === 0) continue;
      rest -= guess[j] ?? 0;
      sum += flexibility[j] ?? 0;
    }
    marginal = rest / sum;
    before = open;
    for (let j = from; j < to; j++) {
      const flexible = flexibility[j] ?? 0;
      if (flexible === 0 || (guess[j] ?? 0) + marginal * flexible > floor) continue;
      flexibility[j] = 0;
      open -= 1;
    }
  }
  let moved = 0;
  for (let j = from; j < to; j++) {
    const flexible = flexibility[j] ?? 0;
    const rate = flexible === 0 ? floor : Math.max(floor, (guess[j] ?? 0) + marginal * flexible);
    moved = Math.max(moved, Math.abs(rate - (requests[j] ?? 0)));
    requests[j] = rate;
  }
  return moved;
}
