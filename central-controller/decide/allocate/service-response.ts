/** The best split of each service alone, when the price of each node is given. */
import { at, indexAt } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { evaluateLimit, type SplitProblem } from './split-problem.ts';

/** The splits that all services choose. */
export interface Response {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** Requests/s by which a replica's rate rises per second of marginal cost; 0 at its floor. */
  readonly flexibility: Float64Array;
}

/** Linearisations of the queueing delay at the replicas' limits. */
const MAX_ROUNDS = 60;

export function createResponse(replicas: number): Response {
  return { requests: new Float64Array(replicas), flexibility: new Float64Array(replicas) };
}

/** Columns for the search, per replica. */
export interface ResponseScratch {
  /** Requests per second without a floor, at the marginal cost of the cheapest replica. */
  readonly guess: Float64Array;
  /** Requests/s by which that rises per second of marginal cost. */
  readonly freedom: Float64Array;
}

/**
 * Finds the best split of every service at these prices.
 *
 * @param tolerance change of a rate in the last round, as a fraction of the equal share
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
 * Without limits, rates above their floors are linear in the service's marginal cost. The queueing delay at the limits
 * is linearised at the rates of the round before (Newton's method). It is convex, so that from the second round on the
 * marginal cost approaches the solution from one side.
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
  const { node, cost, nonCpuSeconds, limit } = problem;
  const { requests } = response;
  const from = indexAt(problem.start, service);
  const to = indexAt(problem.start, service + 1);
  const demand = at(problem.demand, service);
  const regularisation = at(problem.regularisation, service);
  const equal = demand / (to - from);
  const floor = problem.floor * equal;
  const loose = 1 / regularisation;
  // Relative to the cheapest replica: the costs may be large and nearly equal.
  let cheapest = Infinity;
  for (let j = from; j < to; j++) {
    cheapest = Math.min(cheapest, at(cost, j) * at(prices, indexAt(node, j)) + at(nonCpuSeconds, j));
  }
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let isLimited = false;
    let rest = demand;
    let sum = 0;
    for (let j = from; j < to; j++) {
      const base = at(cost, j) * at(prices, indexAt(node, j)) + at(nonCpuSeconds, j) - cheapest;
      const rate = Math.min(at(requests, j), demand);
      let free = loose;
      let own = equal - base * loose;
      if (limit[j] !== Infinity) {
        isLimited = true;
        evaluateLimit(problem, j, rate, point);
        free = 1 / (regularisation + point.slope);
        own = rate - (base + point.price + regularisation * (rate - equal)) * free;
      }
      freedom[j] = free;
      guess[j] = own;
      // Starts on the linear piece of the last rates.
      const isHeld = rate <= floor + 1e-3 * equal;
      rest -= isHeld ? floor : own;
      sum += isHeld ? 0 : free;
    }
    const moved = fill(from, to, demand, floor, rest / sum, response, guess, freedom);
    if (!isLimited || moved <= tolerance * equal) break;
  }
}

/**
 * Sets the rates to `max(floor, guess + marginal * freedom)`, with the marginal cost at which they sum to the demand.
 * The sum is convex and piecewise linear in the marginal cost, so that Newton's method approaches the solution from
 * above after its first step. Returns the largest change of a rate.
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

/** The cost of the splits at these prices: `sum_j price * cost_j * x_j`, and the replicas' own terms. */
export function valueOf(
  problem: SplitProblem,
  prices: Float64Array,
  { requests }: Response,
  point: CurvePoint,
): number {
  const { node, cost, nonCpuSeconds, limit, start, demand, regularisation } = problem;
  let value = 0;
  for (let s = 0; s < demand.length; s++) {
    const from = indexAt(start, s);
    const to = indexAt(start, s + 1);
    const equal = at(demand, s) / (to - from);
    for (let j = from; j < to; j++) {
      const rate = at(requests, j);
      const away = rate - equal;
      value += rate * (at(cost, j) * at(prices, indexAt(node, j)) + at(nonCpuSeconds, j));
      value += (at(regularisation, s) * away * away) / 2;
      if (limit[j] === Infinity) continue;
      evaluateLimit(problem, j, rate, point);
      value += point.value;
    }
  }
  return value;
}
