/**
 * From the last problem's solution to this one's, in some six steps. Whether a replica is held at its floor, and by how
 * much, is one number, its stand: above zero the rate above the floor, below zero how far under the floor the rate would
 * be without it (the normal map, Robinson 1992). The rate has a kink there, which is smoothed: `(z + sqrt(z^2 + 4 mu)) / 2`
 * for `max(0, z)` (Chen and Harker 1993, Kanzow 1996). That is the central path of the interior-point method, but without
 * a boundary that cuts steps short. Each step smooths less, the last ones not at all: then Newton's method is semismooth
 * and ends in few steps on the right piece (Qi and Sun 1993). From afar it may not: who uses it asks for the certificate.
 */
import { add, at, indexAt } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { type NewtonSystem, solveNewton } from './newton-system.ts';
import type { NodePrices } from './node-prices.ts';
import { evaluateLimit, fitToDemand, type SplitProblem } from './split-problem.ts';

/** Smoothing in the next step, as a part of it; what is less than `LEAST` squares of the equal share is none. */
const NEXT = 0.02;
const LEAST = 1e-5;

/** Where the interior-point method is started from a solution: far enough from all floors for long steps. */
const SPREAD = 0.01;

/** Conditions that hold to this part are solved. */
const GOAL = 5e-8;

const MOST_ROUNDS = 20;

/** Prices that are off by as much as they are after so many rounds seldom come right. */
const PATIENCE = 3;
const HOPELESS = 1;

export class SmoothingNewton {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** In equal shares, so that it fits the next demand; per replica. */
  readonly #stand: Float64Array;
  readonly #kept: Float64Array;
  /** By how much the stand rises per second of marginal cost. */
  readonly #mobility: Float64Array;
  /** Requests/s by which the rate does. */
  readonly #flexibility: Float64Array;
  readonly #marginal: Float64Array;
  /** The service's own marginal cost at the prices that are; per service. */
  readonly #common: Float64Array;
  /** Cores, per node. */
  readonly #residual: Float64Array;
  readonly #nodes: NodePrices;
  readonly #system: NewtonSystem;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  #replicas = 0;

  /** @param nodes prices to start from, and to go on with */
  constructor(services: number, replicas: number, nodes: NodePrices, system: NewtonSystem) {
    this.requests = new Float64Array(replicas);
    this.#stand = new Float64Array(replicas);
    this.#kept = new Float64Array(replicas);
    this.#mobility = new Float64Array(replicas);
    this.#flexibility = new Float64Array(replicas);
    this.#marginal = new Float64Array(replicas);
    this.#common = new Float64Array(services);
    this.#residual = new Float64Array(nodes.price.length);
    this.#nodes = nodes;
    this.#system = system;
  }

  /** Remembers this solution for the next problem. */
  keep({ start, demand }: SplitProblem): void {
    this.#replicas = indexAt(start, demand.length);
    this.#kept.set(this.#stand);
    this.#nodes.keep();
  }

  /** Goes back to the solution that was kept, unless that was of another number of replicas. */
  recall(problem: SplitProblem): boolean {
    const { start, demand } = problem;
    if (this.#replicas === 0 || this.#replicas !== start[demand.length]) return false;
    this.#stand.set(this.#kept);
    this.#nodes.recall(problem);
    return true;
  }

  /** The stands as rates above the floor and prices of the floor, on the central path. */
  spread({ start, demand, pull }: SplitProblem, above: Float64Array, held: Float64Array): void {
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const half = at(demand, s) / (to - from) / 2;
      const own = at(pull, s);
      for (let j = from; j < to; j++) {
        const stand = at(this.#stand, j);
        const root = Math.sqrt(stand * stand + 4 * SPREAD);
        above[j] = half * (root + stand);
        held[j] = half * own * (root - stand);
      }
    }
  }

  /** Takes the stands from rates above the floor and prices of the floor. */
  start({ start, demand, pull }: SplitProblem, above: Float64Array, held: Float64Array): void {
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const perShare = (to - from) / at(demand, s);
      const loose = 1 / at(pull, s);
      for (let j = from; j < to; j++) this.#stand[j] = perShare * (at(above, j) - loose * at(held, j));
    }
  }

  /**
   * Leaves the split in `requests`: feasible, and most often the solution.
   *
   * @param first smoothing of the first step, in squares of the equal share
   */
  solve(problem: SplitProblem, first: number): void {
    const residual = this.#residual;
    let smoothing = first;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const error = Math.max(this.#linearise(problem, smoothing), this.#nodes.take(problem, residual));
      if (smoothing === 0 && error <= GOAL) break;
      if (!(error < (round < PATIENCE ? Infinity : HOPELESS))) break;
      const { loads, slope } = this.#nodes;
      for (let n = 0; n < residual.length; n++) residual[n] = at(residual, n) - at(loads, n);
      const left = Math.min(0.03, Math.max(1e-6, 0.3 * error));
      solveNewton(this.#system, problem, slope, this.#flexibility, residual, left);
      this.#step(problem);
      smoothing = smoothing < LEAST ? 0 : NEXT * smoothing;
    }
    fitToDemand(problem, this.requests);
  }

  /**
   * The Newton system for the problem smoothed so. What the services choose at the nodes' prices as they are is left in
   * `requests`, and its loads in `#residual`. Returns the largest relative error of a service's conditions.
   */
  #linearise(problem: SplitProblem, smoothing: number): number {
    const { node, cost, hidden, limit, start, demand, pull, floor, background } = problem;
    const { requests } = this;
    const prices = this.#nodes.price;
    const stands = this.#stand;
    const mobility = this.#mobility;
    const flexibility = this.#flexibility;
    const marginals = this.#marginal;
    const loads = this.#residual;
    const point = this.#point;
    // Never quite nothing, so that a stand of zero has a direction.
    const smooth = 4 * smoothing + 1e-300;
    let error = 0;
    loads.set(background);
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      if (from === to) continue;
      const equal = at(demand, s) / (to - from);
      const pulled = at(pull, s) * equal;
      const loose = 1 / pulled;
      let sum = 0;
      let mean = 0;
      let rest = at(demand, s);
      for (let j = from; j < to; j++) {
        const stand = at(stands, j);
        const root = Math.sqrt(stand * stand + smooth);
        const above = (stand + root) / 2;
        const rises = above / root;
        const rate = equal * (floor + above);
        let marginal = at(cost, j) * at(prices, indexAt(node, j)) + at(hidden, j);
        marginal += pulled * (stand + floor - 1);
        let mobile = loose;
        if (limit[j] !== Infinity) {
          evaluateLimit(problem, j, rate, point);
          marginal += point.price;
          mobile = 1 / (pulled + equal * rises * point.slope);
        }
        const flexible = equal * rises * mobile;
        requests[j] = rate;
        mobility[j] = mobile;
        flexibility[j] = flexible;
        marginals[j] = marginal;
        sum += flexible;
        mean += flexible * marginal;
        rest -= rate;
      }
      const common = (mean + rest) / sum;
      this.#common[s] = common;
      let moved = 0;
      for (let j = from; j < to; j++) {
        const n = indexAt(node, j);
        const change = at(flexibility, j) * (common - at(marginals, j));
        const rate = at(requests, j) + change;
        requests[j] = rate;
        add(loads, n, at(cost, j) * rate);
        moved = Math.max(moved, Math.abs(change));
      }
      error = Math.max(error, (moved * at(pull, s)) / Math.abs(common));
    }
    return error;
  }

  /** Goes the whole step. */
  #step({ node, cost, start, demand }: SplitProblem): void {
    const { step, leverage, share } = this.#system;
    const stands = this.#stand;
    const mobility = this.#mobility;
    const marginals = this.#marginal;
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      let mean = 0;
      for (let j = from; j < to; j++) mean += at(leverage, j) * at(step, indexAt(node, j));
      const common = at(this.#common, s) + mean * at(share, s);
      for (let j = from; j < to; j++) {
        const marginal = at(marginals, j) + at(cost, j) * at(step, indexAt(node, j));
        add(stands, j, at(mobility, j) * (common - marginal));
      }
    }
    this.#nodes.move(step, 1);
  }
}
