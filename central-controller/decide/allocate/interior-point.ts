/**
 * A primal-dual interior-point method for the split (Wright, Primal-Dual Interior-Point Methods, 1997). It comes close
 * to the optimum in about ten steps, however many replicas leave or reach their floor on the way.
 *
 * Each replica has a slack, its rate above the floor, and a multiplier, the price of the floor: by how much its
 * marginal cost exceeds that of its service. At the optimum one of the two is 0. On the central path their product is
 * the same fraction of a scale for all replicas of the service, and each step lowers that fraction, the
 * complementarity.
 *
 * A step solves one Newton system in the prices of the nodes (`newton-system.ts`). A start near the path, made from the
 * last problem's solution, saves the first half of the steps (Gondzio 1998).
 */
import { add, at, indexAt } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { type NewtonSystem, solveNewton } from './newton-system.ts';
import type { NodePrices } from './node-prices.ts';
import { splitRoughly } from './rough-split.ts';
import { evaluateLimit, type SplitProblem } from './split-problem.ts';

/** The method ends at this complementarity, if the prices agree as well. */
const MAX_COMPLEMENTARITY = 1e-4;

/** The method ends when the price of each node differs from the price of its load by at most this fraction. */
const MAX_PRICE_ERROR = 0.01;

const MAX_STEPS = 60;

/** A step goes at most this fraction of the way to the boundary, where a slack or a multiplier would be 0. */
const BOUNDARY_FRACTION = 0.99;

/** A step of this fraction of its full length shows that the central path is near. */
const LONG_STEP = 0.3;

/** Fraction of the complementarity that a step aims at (sigma): less after a long step. */
const CENTRING_AFTER_LONG_STEP = 0.05;
const CENTRING = 0.4;

export class InteriorPoint {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** Requests per second above the floor, per replica. */
  readonly slack: Float64Array;
  /** Price of the floor in seconds per request, per replica. */
  readonly multiplier: Float64Array;
  readonly #loads: Float64Array;
  readonly #flexibility: Float64Array;
  readonly #marginal: Float64Array;
  /** 1 over the slack. */
  readonly #inverse: Float64Array;
  readonly #change: Float64Array;
  readonly #residual: Float64Array;
  readonly #nodes: NodePrices;
  /** The unit of slack times multiplier, per service. */
  readonly #scale: Float64Array;
  readonly #system: NewtonSystem;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  #complementarity = 0;

  /** @param nodes prices of the nodes, which the method changes */
  constructor(services: number, replicas: number, nodes: NodePrices, system: NewtonSystem) {
    this.requests = new Float64Array(replicas);
    this.slack = new Float64Array(replicas);
    this.multiplier = new Float64Array(replicas);
    this.#loads = new Float64Array(nodes.price.length);
    this.#flexibility = new Float64Array(replicas);
    this.#marginal = new Float64Array(replicas);
    this.#inverse = new Float64Array(replicas);
    this.#change = new Float64Array(replicas);
    this.#nodes = nodes;
    this.#residual = new Float64Array(nodes.price.length);
    this.#scale = new Float64Array(services);
    this.#system = system;
  }

  /**
   * Leaves a feasible split in `requests`, in most cases close to the optimum.
   *
   * @param isWarm start from `slack`, `multiplier` and the prices of the nodes as they are
   * @param accuracy of each Newton system, relative to its right-hand side
   */
  solve(problem: SplitProblem, isWarm: boolean, accuracy: number): void {
    this.#start(problem, isWarm);
    let centring = CENTRING;
    for (let round = 0; round < MAX_STEPS; round++) {
      const error = this.#nodes.updateLoads(problem, this.#loads);
      if (!(this.#complementarity > MAX_COMPLEMENTARITY || error > MAX_PRICE_ERROR)) break;
      const target = Math.max(centring * this.#complementarity, 0.1 * MAX_COMPLEMENTARITY);
      this.#linearise(problem, target);
      solveNewton(this.#system, problem, this.#nodes.slope, this.#flexibility, this.#residual, accuracy);
      const length = this.#step(problem, target);
      centring = length > LONG_STEP ? CENTRING_AFTER_LONG_STEP : CENTRING;
    }
  }

  #start(problem: SplitProblem, isWarm: boolean): void {
    const { start, demand, floor } = problem;
    if (!isWarm) {
      splitRoughly(problem, this.requests, this.#loads);
      this.slack.set(this.requests);
    }
    let complementarity = 0;
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const scale = complementarityScale(problem, s);
      this.#scale[s] = scale;
      let sum = 0;
      for (let j = from; j < to; j++) sum += at(this.slack, j);
      const factor = ((1 - floor) * at(demand, s)) / sum;
      for (let j = from; j < to; j++) {
        const slack = factor * at(this.slack, j);
        this.slack[j] = slack;
        if (!isWarm) this.multiplier[j] = scale / slack;
        complementarity += (slack * at(this.multiplier, j)) / scale;
      }
    }
    this.#complementarity = complementarity / Math.max(1, indexAt(start, demand.length));
    this.#load(problem);
    if (!isWarm) this.#nodes.start(problem, this.#loads);
  }

  /**
   * Sets up the Newton system for the point of the central path with this complementarity. `#change` is how the rates
   * change at the current prices, and `#residual` the cores by which the loads then differ from those of the prices.
   */
  #linearise(problem: SplitProblem, complementarity: number): void {
    const { node, cost, nonCpuSeconds, limit, start, demand, regularisation, floor } = problem;
    const flexibility = this.#flexibility;
    const marginals = this.#marginal;
    const residual = this.#residual;
    const prices = this.#nodes.price;
    const changes = this.#change;
    const { slack, multiplier } = this;
    const inverse = this.#inverse;
    const scales = this.#scale;
    const point = this.#point;
    for (let n = 0; n < residual.length; n++) residual[n] = at(this.#loads, n) - at(this.#nodes.loads, n);
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const equal = at(demand, s) / (to - from);
      const strength = at(regularisation, s);
      const target = complementarity * at(scales, s);
      let sum = 0;
      let mean = 0;
      for (let j = from; j < to; j++) {
        const rate = at(slack, j) + floor * equal;
        const inverted = 1 / at(slack, j);
        let price = at(cost, j) * at(prices, indexAt(node, j)) + at(nonCpuSeconds, j);
        price += strength * (rate - equal);
        let slope = strength + at(multiplier, j) * inverted;
        if (limit[j] !== Infinity) {
          evaluateLimit(problem, j, rate, point);
          price += point.price;
          slope += point.slope;
        }
        const flexible = 1 / slope;
        const marginal = price - target * inverted;
        inverse[j] = inverted;
        flexibility[j] = flexible;
        marginals[j] = marginal;
        sum += flexible;
        mean += flexible * marginal;
      }
      mean /= sum;
      for (let j = from; j < to; j++) {
        const n = indexAt(node, j);
        const change = at(flexibility, j) * (mean - at(marginals, j));
        changes[j] = change;
        add(residual, n, at(cost, j) * change);
      }
    }
  }

  /**
   * Steps towards the point on the path, as far as slacks and multipliers stay positive. Returns the fraction taken.
   */
  #step(problem: SplitProblem, complementarity: number): number {
    const { node, start, demand } = problem;
    const { step, leverage, share } = this.#system;
    const flexibility = this.#flexibility;
    const changes = this.#change;
    const { slack, multiplier } = this;
    const inverse = this.#inverse;
    // The marginal costs are no longer needed: their column holds the changes of the multipliers.
    const multiplierChanges = this.#marginal;
    const scales = this.#scale;
    let worstSlack = -BOUNDARY_FRACTION;
    let worstMultiplier = -BOUNDARY_FRACTION;
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const target = complementarity * at(scales, s);
      let mean = 0;
      for (let j = from; j < to; j++) mean += at(leverage, j) * at(step, indexAt(node, j));
      mean *= at(share, s);
      for (let j = from; j < to; j++) {
        const byPrices = at(leverage, j) * at(step, indexAt(node, j)) - at(flexibility, j) * mean;
        const change = at(changes, j) - byPrices;
        const relative = change * at(inverse, j);
        const multiplierChange = target * at(inverse, j) - at(multiplier, j) * (1 + relative);
        changes[j] = change;
        multiplierChanges[j] = multiplierChange;
        worstSlack = Math.min(worstSlack, relative);
        worstMultiplier = Math.min(worstMultiplier, multiplierChange / at(multiplier, j));
      }
    }
    const primal = -BOUNDARY_FRACTION / worstSlack;
    const dual = -BOUNDARY_FRACTION / worstMultiplier;
    let left = 0;
    for (let s = 0; s < demand.length; s++) {
      let sum = 0;
      for (let j = indexAt(start, s); j < indexAt(start, s + 1); j++) {
        add(slack, j, primal * at(changes, j));
        add(multiplier, j, dual * at(multiplierChanges, j));
        sum += at(slack, j) * at(multiplier, j);
      }
      left += sum / at(scales, s);
    }
    this.#complementarity = left / Math.max(1, indexAt(start, demand.length));
    this.#load(problem);
    this.#nodes.move(step, dual);
    return Math.min(primal, dual);
  }

  /** The rates and loads of the slacks. */
  #load({ background, start, demand, floor, node, cost }: SplitProblem): void {
    const { requests, slack } = this;
    const loads = this.#loads;
    loads.set(background);
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const least = (floor * at(demand, s)) / (to - from);
      for (let j = from; j < to; j++) {
        const n = indexAt(node, j);
        const rate = least + at(slack, j);
        requests[j] = rate;
        add(loads, n, rate * at(cost, j));
      }
    }
  }
}

/** The unit of slack times multiplier, in requests/s times seconds/request. */
function complementarityScale({ start, demand, regularisation }: SplitProblem, service: number): number {
  const replicas = indexAt(start, service + 1) - indexAt(start, service);
  if (replicas === 0) return 1;
  const equal = at(demand, service) / replicas;
  // The regularisation is proportional to the service's cost, and the order of magnitude is enough here.
  return 10 * at(regularisation, service) * equal * equal;
}
