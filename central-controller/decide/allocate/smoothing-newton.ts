/**
 * Newton's method on smoothed optimality conditions: from the last problem's solution to this one's in about six steps.
 *
 * One number z per replica, the signed slack, says both where its rate is and whether its floor holds it (the normal
 * map, Robinson 1992). Above 0 it is the rate above the floor; below 0 it is how far under the floor the rate would be
 * without it. The rate above the floor, `max(0, z)`, has a kink and is smoothed to `(z + sqrt(z^2 + 4 mu)) / 2` (Chen
 * and Harker 1993, Kanzow 1996). For mu > 0 this is the central path of the interior-point method, without a boundary
 * that cuts steps short. Each step smooths less, and the last ones not at all: there the method is semismooth and ends
 * in few steps (Qi and Sun 1993). From far away it may fail, so the caller checks the KKT residual.
 *
 * Signed slacks and smoothing are in units of the service's equal share, so that a solution fits the next demand.
 */
import { add, at, indexAt } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { type NewtonSystem, solveNewton } from './newton-system.ts';
import type { NodePrices } from './node-prices.ts';
import { evaluateLimit, fitToDemand, type SplitProblem } from './split-problem.ts';

/** Each step multiplies the smoothing by this. */
const SMOOTHING_DECAY = 0.02;

/** Below this the next step does not smooth. */
const MIN_SMOOTHING = 1e-5;

/** Smoothing that puts a solution on the central path, far enough from all floors for long steps. */
const WARM_START_SMOOTHING = 0.01;

/** Largest relative error of a service's conditions and of a node's price at the solution. */
const TOLERANCE = 5e-8;

const MAX_ROUNDS = 20;

/** After so many rounds the method gives up at an error above the maximum: it rarely recovers. */
const GRACE_ROUNDS = 3;
const MAX_ERROR = 1;

export class SmoothingNewton {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** In equal shares, per replica. */
  readonly #signedSlack: Float64Array;
  readonly #saved: Float64Array;
  /** By how much the signed slack rises per second of marginal cost. */
  readonly #mobility: Float64Array;
  /** Requests/s by which the rate rises per second of marginal cost. */
  readonly #flexibility: Float64Array;
  readonly #marginal: Float64Array;
  /** Marginal cost of the service at the current prices, in seconds per request; per service. */
  readonly #common: Float64Array;
  /** Cores, per node. */
  readonly #residual: Float64Array;
  readonly #nodes: NodePrices;
  readonly #system: NewtonSystem;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  #replicas = 0;

  /** @param nodes prices of the nodes, which the method changes */
  constructor(services: number, replicas: number, nodes: NodePrices, system: NewtonSystem) {
    this.requests = new Float64Array(replicas);
    this.#signedSlack = new Float64Array(replicas);
    this.#saved = new Float64Array(replicas);
    this.#mobility = new Float64Array(replicas);
    this.#flexibility = new Float64Array(replicas);
    this.#marginal = new Float64Array(replicas);
    this.#common = new Float64Array(services);
    this.#residual = new Float64Array(nodes.price.length);
    this.#nodes = nodes;
    this.#system = system;
  }

  /** Remembers this solution for the next problem. */
  save({ start, demand }: SplitProblem): void {
    this.#replicas = indexAt(start, demand.length);
    this.#saved.set(this.#signedSlack);
    this.#nodes.save();
  }

  /** Goes back to the saved solution. Returns false when there is none with this number of replicas. */
  restore(problem: SplitProblem): boolean {
    const { start, demand } = problem;
    if (this.#replicas === 0 || this.#replicas !== start[demand.length]) return false;
    this.#signedSlack.set(this.#saved);
    this.#nodes.restore(problem);
    return true;
  }

  /** Makes a point on the central path: slacks in requests per second, multipliers in seconds per request. */
  toCentralPath({ start, demand, regularisation }: SplitProblem, slack: Float64Array, multiplier: Float64Array): void {
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const half = at(demand, s) / (to - from) / 2;
      const strength = at(regularisation, s);
      for (let j = from; j < to; j++) {
        const signed = at(this.#signedSlack, j);
        const root = Math.sqrt(signed * signed + 4 * WARM_START_SMOOTHING);
        slack[j] = half * (root + signed);
        multiplier[j] = half * strength * (root - signed);
      }
    }
  }

  /** Takes the signed slacks from a point on the central path. */
  fromCentralPath(
    { start, demand, regularisation }: SplitProblem,
    slack: Float64Array,
    multiplier: Float64Array,
  ): void {
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const perShare = (to - from) / at(demand, s);
      const strength = at(regularisation, s);
      for (let j = from; j < to; j++) {
        this.#signedSlack[j] = perShare * (at(slack, j) - at(multiplier, j) / strength);
      }
    }
  }

  /**
   * Leaves a feasible split in `requests`, in most cases the solution.
   *
   * @param first smoothing of the first step
   */
  solve(problem: SplitProblem, first: number): void {
    const residual = this.#residual;
    let smoothing = first;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const error = Math.max(this.#linearise(problem, smoothing), this.#nodes.updateLoads(problem, residual));
      if (smoothing === 0 && error <= TOLERANCE) break;
      if (!(error < (round < GRACE_ROUNDS ? Infinity : MAX_ERROR))) break;
      const { loads, slope } = this.#nodes;
      for (let n = 0; n < residual.length; n++) residual[n] = at(residual, n) - at(loads, n);
      const left = Math.min(0.03, Math.max(1e-6, 0.3 * error));
      solveNewton(this.#system, problem, slope, this.#flexibility, residual, left);
      this.#step(problem);
      smoothing = smoothing < MIN_SMOOTHING ? 0 : SMOOTHING_DECAY * smoothing;
    }
    fitToDemand(problem, this.requests);
  }

  /**
   * Sets up the Newton system at this smoothing. Leaves in `requests` what the services choose at the current prices,
   * and the loads of that in `#residual`. Returns the largest relative error of a service's conditions.
   */
  #linearise(problem: SplitProblem, smoothing: number): number {
    const { node, cost, nonCpuSeconds, limit, start, demand, regularisation, floor, background } = problem;
    const { requests } = this;
    const prices = this.#nodes.price;
    const signedSlacks = this.#signedSlack;
    const mobility = this.#mobility;
    const flexibility = this.#flexibility;
    const marginals = this.#marginal;
    const loads = this.#residual;
    const point = this.#point;
    // Above 0, so that a signed slack of 0 has a derivative.
    const smooth = 4 * smoothing + 1e-300;
    let error = 0;
    loads.set(background);
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      if (from === to) continue;
      const equal = at(demand, s) / (to - from);
      const strength = at(regularisation, s) * equal;
      let sum = 0;
      let mean = 0;
      let rest = at(demand, s);
      for (let j = from; j < to; j++) {
        const signed = at(signedSlacks, j);
        const root = Math.sqrt(signed * signed + smooth);
        const slack = (signed + root) / 2;
        const derivative = slack / root;
        const rate = equal * (floor + slack);
        let marginal = at(cost, j) * at(prices, indexAt(node, j)) + at(nonCpuSeconds, j);
        marginal += strength * (signed + floor - 1);
        let slope = strength;
        if (limit[j] !== Infinity) {
          evaluateLimit(problem, j, rate, point);
          marginal += point.price;
          slope += equal * derivative * point.slope;
        }
        const flexible = (equal * derivative) / slope;
        requests[j] = rate;
        mobility[j] = 1 / slope;
        flexibility[j] = flexible;
        marginals[j] = marginal;
        sum += flexible;
        mean += flexible * marginal;
        rest -= rate;
      }
      const common = (mean + rest) / sum;
      this.#common[s] = common;
      let largest = 0;
      for (let j = from; j < to; j++) {
        const n = indexAt(node, j);
        const change = at(flexibility, j) * (common - at(marginals, j));
        const rate = at(requests, j) + change;
        requests[j] = rate;
        add(loads, n, at(cost, j) * rate);
        largest = Math.max(largest, Math.abs(change));
      }
      error = Math.max(error, (largest * at(regularisation, s)) / Math.abs(common));
    }
    return error;
  }

  /** Takes the full step. */
  #step({ node, cost, start, demand }: SplitProblem): void {
    const { step, leverage, share } = this.#system;
    const signedSlacks = this.#signedSlack;
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
        add(signedSlacks, j, at(mobility, j) * (common - marginal));
      }
    }
    this.#nodes.move(step, 1);
  }
}
