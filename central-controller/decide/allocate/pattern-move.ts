/**
 * Goes on in the direction in which a sweep of exchanges has moved the split, to the lowest cost along it (Hooke and
 * Jeeves 1961). Two services that share a steep node can only move together: what one gives up there, the other takes.
 * A sweep that visits them in turn moves both by very little, but in the right proportion.
 */
import { findRoot } from './bisection.ts';
import { at, indexAt } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { evaluateLimit, evaluateNode, loadsOf, type SplitProblem } from './split-problem.ts';

export class PatternMove {
  /** Requests per second, per replica; sums to 0 in each service. */
  readonly #direction: Float64Array;
  /** The replica with the highest rate, per service: of all, its rate has the largest rounding error. */
  readonly #largest: Int32Array;
  /** The split and its loads at a distance along the direction. */
  readonly #requests: Float64Array;
  readonly #loads: Float64Array;
  readonly #prices: Float64Array;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };

  constructor(nodes: number, services: number, replicas: number) {
    this.#direction = new Float64Array(replicas);
    this.#largest = new Int32Array(services);
    this.#requests = new Float64Array(replicas);
    this.#loads = new Float64Array(nodes);
    this.#prices = new Float64Array(nodes);
  }

  /** Moves `requests` on from where it was `before` the sweep. */
  move(problem: SplitProblem, before: Float64Array, requests: Float64Array): void {
    const most = this.#aim(problem, before, requests);
    if (!(most > 0 && most < Infinity) || !(this.#fallAt(problem, requests, 0) > 0)) return;
    const distance = findRoot(most, (length) => this.#fallAt(problem, requests, length));
    this.#goTo(problem, requests, distance);
    requests.set(this.#requests);
  }

  /** Sets the direction. Returns how far it can be followed until a replica is at its floor, in sweeps. */
  #aim({ start, demand, floor }: SplitProblem, before: Float64Array, requests: Float64Array): number {
    const direction = this.#direction;
    let most = Infinity;
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const least = (floor * at(demand, s)) / (to - from);
      let largest = from;
      let sum = 0;
      for (let j = from; j < to; j++) {
        direction[j] = at(requests, j) - at(before, j);
        sum += at(direction, j);
        if (at(requests, j) > at(requests, largest)) largest = j;
      }
      this.#largest[s] = largest;
      if (from < to) direction[largest] = at(direction, largest) - sum;
      for (let j = from; j < to; j++) {
        const change = at(direction, j);
        if (change < 0) most = Math.min(most, (least - at(requests, j)) / change);
      }
    }
    return most;
  }

  #goTo({ start, demand, floor }: SplitProblem, requests: Float64Array, distance: number): void {
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const least = (floor * at(demand, s)) / (to - from);
      for (let j = from; j < to; j++) {
        this.#requests[j] = Math.max(least, at(requests, j) + distance * at(this.#direction, j));
      }
    }
  }

  /** By how much the cost falls per distance, at this distance. */
  #fallAt(problem: SplitProblem, requests: Float64Array, distance: number): number {
    const { start, demand } = problem;
    this.#goTo(problem, requests, distance);
    loadsOf(problem, this.#requests, this.#loads);
    for (let n = 0; n < this.#prices.length; n++) {
      evaluateNode(problem, n, at(this.#loads, n), this.#point);
      this.#prices[n] = this.#point.price;
    }
    let fall = 0;
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      if (from === to) continue;
      // The changes sum to 0, and differences of marginal costs lose fewer digits than the costs themselves.
      const common = this.#marginal(problem, s, indexAt(this.#largest, s));
      for (let j = from; j < to; j++) {
        const change = at(this.#direction, j);
        if (change !== 0) fall -= (this.#marginal(problem, s, j) - common) * change;
      }
    }
    return fall;
  }

  /** Seconds per request. */
  #marginal(problem: SplitProblem, service: number, replica: number): number {
    const { node, cost, nonCpuSeconds, limit, start, demand, regularisation } = problem;
    const rate = at(this.#requests, replica);
    const equal = at(demand, service) / (indexAt(start, service + 1) - indexAt(start, service));
    let marginal = at(cost, replica) * at(this.#prices, indexAt(node, replica)) + at(nonCpuSeconds, replica);
    marginal += at(regularisation, service) * (rate - equal);
    if (at(limit, replica) === Infinity) return marginal;
    evaluateLimit(problem, replica, rate, this.#point);
    return marginal + this.#point.price;
  }
}
