/** How each service splits its requests best when the price of each node's load is given. */
import { at, indexAt } from './column.ts';
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

export function createResponse(replicas: number): Response {
  return { requests: new Float64Array(replicas), flexibility: new Float64Array(replicas) };
}

/** Columns that the search for a response needs, per replica. */
export interface ResponseScratch {
  /** The rate that the replica would have without a floor at the cheapest marginal cost. */
  readonly guess: Float64Array;
  /** By how much that rises per second of marginal cost. */
  readonly freedom: Float64Array;
}

/**
 * Every service's best split at these prices.
 *
 * @param tolerance movement in one round, as a part of the equal share, after which there is no other: errors square
 */
export function respondAll(
  problem: SplitProblem,
  prices: Float64Array,
  tolerance: number,
  response: Response,
  scratch: ResponseScratch,
  point: CurvePoint,
): void {
  for (let service = 0; service < problem.demand.length; service++) {
    if (problem.start[service] !== problem.start[service + 1]) {
      respond(problem, service, prices, tolerance, response, scratch, point);
    }
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
  tolerance: number,
  response: Response,
  { guess, freedom }: ResponseScratch,
  point: CurvePoint,
): void {
  const { node, cost, hidden, limit } = problem;
  const { requests } = response;
  const from = indexAt(problem.start, service);
  const to = indexAt(problem.start, service + 1);
  const demand = at(problem.demand, service);
  const pull = at(problem.pull, service);
  const equal = demand / (to - from);
  const floor = problem.floor * equal;
  const loose = 1 / pull;
  // Costs are counted from the cheapest replica's, for differences of large numbers would be rounded.
  let cheapest = Infinity;
  for (let j = from; j < to; j++) {
    cheapest = Math.min(cheapest, at(cost, j) * at(prices, indexAt(node, j)) + at(hidden, j));
  }
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let isLimited = false;
    let rest = demand;
    let sum = 0;
    for (let j = from; j < to; j++) {
      const base = at(cost, j) * at(prices, indexAt(node, j)) + at(hidden, j) - cheapest;
      const rate = Math.min(at(requests, j), demand);
      let free = loose;
      let own = equal - base * loose;
      if (limit[j] !== Infinity) {
        isLimited = true;
        evaluateLimit(problem, j, rate, point);
        free = 1 / (pull + point.slope);
        own = rate - (base + point.price + pull * (rate - equal)) * free;
      }
      freedom[j] = free;
      guess[j] = own;
      // The first piece is the one that the rates before were on.
      const isHeld = rate <= floor + 1e-3 * equal;
      rest -= isHeld ? floor : own;
      sum += isHeld ? 0 : free;
    }
    const moved = fill(from, to, demand, floor, rest / sum, response, guess, freedom);
    if (!isLimited || moved <= tolerance * equal) break;
  }
}

/**
 * Sets the rates to `max(floor, guess + marginal * freedom)` with the marginal cost at which they sum to the demand:
 * Newton's method on a sum that is convex and piecewise linear; after its first step it comes down on the right piece.
 * Returns the greatest movement of a rate.
 */
function fill(
  from: number,
  to: number,
  demand: number,
  floor: number,
  start: number,
  { requests, flexibility }: Response,
  guess: Float64Array,
  freedom: Float64Array,
): number {
  let moved = 0;
  let marginal = start;
  for (let round = 0; ; round++) {
    let rest = demand;
    let sum = 0;
    for (let j = from; j < to; j++) {
      const free = at(freedom, j);
      const own = at(guess, j);
      const wanted = own + marginal * free;
      const isHeld = !(wanted > floor);
      const rate = isHeld ? floor : wanted;
      rest -= isHeld ? floor : own;
      sum += isHeld ? 0 : free;
      moved = Math.max(moved, Math.abs(rate - at(requests, j)));
      flexibility[j] = isHeld ? 0 : free;
      requests[j] = rate;
    }
    const next = sum > 0 ? rest / sum : Infinity;
    if (next === marginal || (round > 1 && next >= marginal)) return moved;
    marginal = next;
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
    const from = indexAt(start, s);
    const to = indexAt(start, s + 1);
    const equal = at(demand, s) / (to - from);
    for (let j = from; j < to; j++) {
      const rate = at(requests, j);
      const away = rate - equal;
      value += rate * (at(cost, j) * at(prices, indexAt(node, j)) + at(hidden, j));
      value += (at(pull, s) * away * away) / 2;
      if (limit[j] === Infinity) continue;
      evaluateLimit(problem, j, rate, point);
      value += point.value;
    }
  }
  return value;
}
