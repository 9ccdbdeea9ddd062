/**
 * Prices of the nodes on the way to the optimum, where they are not yet those of the loads. Steps are taken in prices:
 * the load that has a price changes gently with it, while the price of a load near saturation changes abruptly.
 */
import { add, at } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { evaluateNode, type SplitProblem } from './split-problem.ts';

/** Of Newton's method for the load that has a price. */
const MOST_ROUNDS = 40;

/** Part of itself that a price may fall in one step. */
const MOST_FALL = 0.9;

/** Utilisation above which loads to start from say nothing of where the prices will be. */
const MOST_START = 0.9;

/** The load at which the node has this price, or 0 where none is so cheap; what it costs there is left in `point`. */
export function findLoad(problem: SplitProblem, node: number, price: number, near: number, point: CurvePoint): number {
  let load = Math.max(0, near);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    evaluateNode(problem, node, load, point);
    const next = Math.max(0, load + (price - point.price) / point.slope);
    const moved = Math.abs(next - load);
    load = next;
    // Errors square, so what is left is rounding; `point` then is right to the same degree.
    if (moved <= 1e-6 * load) break;
  }
  return load;
}

export class NodePrices {
  readonly price: Float64Array;
  /** Of the price, by the load that has it. */
  readonly slope: Float64Array;
  /** Loads that have these prices. */
  readonly loads: Float64Array;
  /** Prices of the nodes without the load that is split: no node's can be less. */
  readonly #least: Float64Array;
  readonly #kept: Float64Array;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };

  constructor(nodes: number) {
    this.price = new Float64Array(nodes);
    this.slope = new Float64Array(nodes);
    this.loads = new Float64Array(nodes);
    this.#least = new Float64Array(nodes);
    this.#kept = new Float64Array(nodes);
  }

  /** Starts with the prices of these loads. */
  start(problem: SplitProblem, loads: Float64Array): void {
    const point = this.#point;
    for (let n = 0; n < loads.length; n++) {
      const most = Math.max(at(problem.background, n), MOST_START * at(problem.capacity, n));
      this.loads[n] = Math.min(at(loads, n), most);
      evaluateNode(problem, n, at(this.loads, n), point);
      this.price[n] = point.price;
    }
    this.#bound(problem);
  }

  keep(): void {
    this.#kept.set(this.price);
  }

  /** Goes back to the prices that were kept. */
  recall(problem: SplitProblem): void {
    this.price.set(this.#kept);
    this.#bound(problem);
  }

  #bound(problem: SplitProblem): void {
    const point = this.#point;
    for (let n = 0; n < this.price.length; n++) {
      evaluateNode(problem, n, at(problem.background, n), point);
      this.#least[n] = point.price;
      this.price[n] = Math.max(point.price, at(this.price, n));
    }
  }

  /** What a price becomes by a change. */
  changed(node: number, price: number, change: number): number {
    return Math.max(price + change, (1 - MOST_FALL) * price, at(this.#least, node));
  }

  /** Finds the loads of these prices. Returns by how much, as a part of it, a price is off that of the node's load. */
  take(problem: SplitProblem, loads: Float64Array): number {
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

  /** Goes a part of a step in prices. */
  move(step: Float64Array, length: number): void {
    const { price, loads } = this;
    for (let n = 0; n < step.length; n++) {
      const own = at(price, n);
      const next = this.changed(n, own, length * at(step, n));
      price[n] = next;
      add(loads, n, (next - own) / at(this.slope, n));
    }
  }
}
