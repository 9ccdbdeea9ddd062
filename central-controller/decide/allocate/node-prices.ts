/**
 * Prices of the nodes on the way to the optimum, where they are not yet the prices of the loads. Newton's steps are
 * taken in prices, because a load changes smoothly with its price, while near saturation a price changes abruptly with
 * its load.
 */
import { add, at } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { evaluateNode, type SplitProblem } from './split-problem.ts';

/** Rounds of Newton's method in `findLoad`. */
const MAX_ROUNDS = 40;

/** A price falls at most by this fraction of itself in one step. */
const MAX_FALL = 0.9;

/** Starting prices are those of at most this utilisation: above it they would be far too high. */
const MAX_START_UTILISATION = 0.9;

/** The load in cores at which the node has this price; 0 where no load is so cheap. Leaves its price in `point`. */
export function findLoad(problem: SplitProblem, node: number, price: number, near: number, point: CurvePoint): number {
  let load = Math.max(0, near);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    evaluateNode(problem, node, load, point);
    const next = Math.max(0, load + (price - point.price) / point.slope);
    const moved = Math.abs(next - load);
    load = next;
    // The error of the next round would be the square of this one: rounding.
    if (moved <= 1e-6 * load) break;
  }
  return load;
}

export class NodePrices {
  readonly price: Float64Array;
  /** Derivative of the price by its load. */
  readonly slope: Float64Array;
  /** Cores at which the nodes have these prices. */
  readonly loads: Float64Array;
  /** The price of each node's background: no price can be lower. */
  readonly #minPrice: Float64Array;
  readonly #saved: Float64Array;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };

  constructor(nodes: number) {
    this.price = new Float64Array(nodes);
    this.slope = new Float64Array(nodes);
    this.loads = new Float64Array(nodes);
    this.#minPrice = new Float64Array(nodes);
    this.#saved = new Float64Array(nodes);
  }

  /** Sets the prices of these loads, to start from. */
  start(problem: SplitProblem, loads: Float64Array): void {
    const point = this.#point;
    for (let n = 0; n < loads.length; n++) {
      const most = Math.max(at(problem.background, n), MAX_START_UTILISATION * at(problem.capacity, n));
      this.loads[n] = Math.min(at(loads, n), most);
      evaluateNode(problem, n, at(this.loads, n), point);
      this.price[n] = point.price;
    }
    this.#bound(problem);
  }

  save(): void {
    this.#saved.set(this.price);
  }

  /** Goes back to the saved prices. */
  restore(problem: SplitProblem): void {
    this.price.set(this.#saved);
    this.#bound(problem);
  }

  #bound(problem: SplitProblem): void {
    const point = this.#point;
    for (let n = 0; n < this.price.length; n++) {
      evaluateNode(problem, n, at(problem.background, n), point);
      this.#minPrice[n] = point.price;
      this.price[n] = Math.max(point.price, at(this.price, n));
    }
  }

  /** A price after a change, within its bounds. */
  changed(node: number, price: number, change: number): number {
    return Math.max(price + change, (1 - MAX_FALL) * price, at(this.#minPrice, node));
  }

  /** Finds the loads that have these prices. Returns the largest relative error of a price against that of `loads`. */
  updateLoads(problem: SplitProblem, loads: Float64Array): number {
    const { price, slope } = this;
    const point = this.#point;
    let error = 0;
    for (let n = 0; n < loads.length; n++) {
      const load = findLoad(problem, n, at(price, n), at(this.loads, n), point);
      this.loads[n] = load;
      slope[n] = point.slope;
      error = Math.max(error, (Math.abs(at(loads, n) - load) * point.slope) / Math.max(at(price, n), 1e-300));
    }
    return error;
  }

  /** Takes a fraction of a step in prices. */
  move(step: Float64Array, length: number): void {
    const { price, loads } = this;
    for (let n = 0; n < step.length; n++) {
      const before = at(price, n);
      const next = this.changed(n, before, length * at(step, n));
      price[n] = next;
      add(loads, n, (next - before) / at(this.slope, n));
    }
  }
}
