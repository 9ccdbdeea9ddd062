/**
 * Brings a split close to the optimum in some ten steps, however many replicas change between floor and more on the
 * way: a primal-dual interior-point method (Wright 1997) that follows the central path, on which each replica's rate
 * above its floor times the price of that floor is the same part of its service's cost. Each step solves the same kind
 * of Newton system as the dual does. A start close to the path, from the last problem's solution, saves the first half
 * of the steps (Gondzio 1998).
 */
import { add, at, indexAt } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { type NewtonSystem, solveNewton } from './newton-system.ts';
import type { NodePrices } from './node-prices.ts';
import { splitRoughly } from './rough-split.ts';
import { evaluateLimit, type SplitProblem } from './split-problem.ts';

/** Where the path is left: part of the service's cost that the product may be. */
const GOAL = 1e-4;

/** By how much, as a part of it, a node's price may be off that of its load where the path is left. */
const MOST_ERROR = 0.01;

const MOST_STEPS = 60;

/** Part of the way to the boundary that a step may go. */
const NOT_QUITE = 0.99;

/** A step of this length says that the path is near. */
const FAR = 0.3;

/** The product's part that each step aims at: less after a step that could go all the way. */
const AIM_FAR = 0.05;
const AIM_NEAR = 0.4;

export class InteriorPoint {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  /** Requests per second above the floor; per replica. */
  readonly above: Float64Array;
  /** Price of the floor: by how much a replica's marginal cost exceeds that of its service; per replica. */
  readonly held: Float64Array;
  readonly #loads: Float64Array;
  readonly #flexibility: Float64Array;
  readonly #marginal: Float64Array;
  /** 1 over the rate above the floor. */
  readonly #inverse: Float64Array;
  readonly #change: Float64Array;
  readonly #residual: Float64Array;
  readonly #nodes: NodePrices;
  /** What the product is measured by, per service. */
  readonly #scale: Float64Array;
  readonly #system: NewtonSystem;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  #product = 0;

  /** @param nodes their prices, which it moves */
  constructor(services: number, replicas: number, nodes: NodePrices, system: NewtonSystem) {
    this.requests = new Float64Array(replicas);
    this.above = new Float64Array(replicas);
    this.held = new Float64Array(replicas);
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
   * Leaves the split in `requests`: feasible, and most often close to the optimum.
   *
   * @param isWarm start from `above`, `held` and the nodes' prices as they are
   * @param accuracy part of the residual that a Newton system may be left with
   */
  solve(problem: SplitProblem, isWarm: boolean, accuracy: number): void {
    this.#start(problem, isWarm);
    let aim = AIM_NEAR;
    for (let round = 0; round < MOST_STEPS; round++) {
      const error = this.#nodes.take(problem, this.#loads);
      if (!(this.#product > GOAL || error > MOST_ERROR)) break;
      const target = Math.max(aim * this.#product, 0.1 * GOAL);
      this.#linearise(problem, target);
      solveNewton(this.#system, problem, this.#nodes.slope, this.#flexibility, this.#residual, accuracy);
      const length = this.#step(problem, target);
      aim = length > FAR ? AIM_FAR : AIM_NEAR;
    }
  }

  #start(problem: SplitProblem, isWarm: boolean): void {
    const { start, demand, floor } = problem;
    if (!isWarm) {
      splitRoughly(problem, this.requests, this.#loads);
      this.above.set(this.requests);
    }
    let product = 0;
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const usual = usualProduct(problem, s);
      this.#scale[s] = usual;
      let sum = 0;
      for (let j = from; j < to; j++) sum += at(this.above, j);
      const scale = ((1 - floor) * at(demand, s)) / sum;
      for (let j = from; j < to; j++) {
        const rate = scale * at(this.above, j);
        this.above[j] = rate;
        if (!isWarm) this.held[j] = usual / rate;
        product += (rate * at(this.held, j)) / usual;
      }
    }
    this.#product = product / Math.max(1, indexAt(start, demand.length));
    this.#load(problem);
    if (!isWarm) this.#nodes.start(problem, this.#loads);
  }

  /**
   * The Newton system for the point on the path with this product: what moves at the nodes' prices as they are is in
   * `#change`, what that does to the nodes in `#residual`.
   */
  #linearise(problem: SplitProblem, product: number): void {
    const { node, cost, hidden, limit, start, demand, pull, floor } = problem;
    const flexibility = this.#flexibility;
    const marginals = this.#marginal;
    const residual = this.#residual;
    const prices = this.#nodes.price;
    const changes = this.#change;
    const { above, held } = this;
    const inverse = this.#inverse;
    const scales = this.#scale;
    const point = this.#point;
    for (let n = 0; n < residual.length; n++) residual[n] = at(this.#loads, n) - at(this.#nodes.loads, n);
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const equal = at(demand, s) / (to - from);
      const own = at(pull, s);
      const target = product * at(scales, s);
      let sum = 0;
      let mean = 0;
      for (let j = from; j < to; j++) {
        const rate = at(above, j);
        const inverted = 1 / rate;
        let price = at(cost, j) * at(prices, indexAt(node, j)) + at(hidden, j);
        price += own * (rate - (1 - floor) * equal);
        let slope = own + at(held, j) * inverted;
        if (limit[j] !== Infinity) {
          evaluateLimit(problem, j, rate + floor * equal, point);
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

  /** Goes toward the point on the path as far as rates and prices stay positive; returns how far that was. */
  #step(problem: SplitProblem, product: number): number {
    const { node, start, demand } = problem;
    const { step, leverage, share } = this.#system;
    const flexibility = this.#flexibility;
    const changes = this.#change;
    const { above, held } = this;
    const inverse = this.#inverse;
    const raises = this.#marginal;
    const scales = this.#scale;
    let worstRate = -NOT_QUITE;
    let worstPrice = -NOT_QUITE;
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const target = product * at(scales, s);
      let mean = 0;
      for (let j = from; j < to; j++) mean += at(leverage, j) * at(step, indexAt(node, j));
      mean *= at(share, s);
      for (let j = from; j < to; j++) {
        const dearer = at(leverage, j) * at(step, indexAt(node, j)) - at(flexibility, j) * mean;
        const moved = at(changes, j) - dearer;
        const part = moved * at(inverse, j);
        const price = at(held, j);
        const raised = target * at(inverse, j) - price * (1 + part);
        changes[j] = moved;
        raises[j] = raised;
        worstRate = Math.min(worstRate, part);
        worstPrice = Math.min(worstPrice, raised / price);
      }
    }
    const ofRates = -NOT_QUITE / worstRate;
    const ofPrices = -NOT_QUITE / worstPrice;
    let left = 0;
    for (let s = 0; s < demand.length; s++) {
      let sum = 0;
      for (let j = indexAt(start, s); j < indexAt(start, s + 1); j++) {
        const rate = at(above, j) + ofRates * at(changes, j);
        const price = at(held, j) + ofPrices * at(raises, j);
        above[j] = rate;
        held[j] = price;
        sum += rate * price;
      }
      left += sum / at(scales, s);
    }
    this.#product = left / Math.max(1, indexAt(start, demand.length));
    this.#load(problem);
    this.#nodes.move(step, ofPrices);
    return Math.min(ofRates, ofPrices);
  }

  #load({ background, start, demand, floor, node, cost }: SplitProblem): void {
    const { requests, above } = this;
    const loads = this.#loads;
    loads.set(background);
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const least = (floor * at(demand, s)) / (to - from);
      for (let j = from; j < to; j++) {
        const n = indexAt(node, j);
        const rate = least + at(above, j);
        requests[j] = rate;
        add(loads, n, rate * at(cost, j));
      }
    }
  }
}

/** Requests/s above the floor times seconds, by which products of the service's replicas are measured. */
function usualProduct({ start, demand, pull }: SplitProblem, service: number): number {
  const replicas = indexAt(start, service + 1) - indexAt(start, service);
  if (replicas === 0) return 1;
  const equal = at(demand, service) / replicas;
  // The pull is a part of the service's cost, and how large a part need not be known well.
  return 10 * at(pull, service) * equal * equal;
}
