/**
 * Checks the fair shares of phase 1, from demand and flow alone. Served demand is weighted max-min fair when it flows,
 * and no service that wants more could get it from free capacity or from a service at a higher level: the bottleneck
 * condition (Bertsekas and Gallager 1992), checked here by reachability in the residual network. A service gives up
 * nothing of its guarantee.
 */
import { at, indexAt } from './column.ts';
import type { FairProblem } from './fair-problem.ts';
import type { Flow } from './max-flow.ts';

/** Relative differences below this are rounding. */
const ROUNDING = 1e-9;

export class FairnessCheck {
  /** Highest level to take from, per service and then per node: Infinity for free capacity, -1 for none. */
  readonly #best: Float64Array;
  readonly #order: Int32Array;
  readonly #queue: Int32Array;

  constructor(nodes: number, services: number) {
    this.#best = new Float64Array(services + nodes);
    this.#order = new Int32Array(services);
    this.#queue = new Int32Array(services + nodes);
  }

  /**
   * Largest relative violation of feasibility and fairness; 0 when there is none.
   *
   * @param tolerance cores that count as none
   */
  violation(problem: FairProblem, served: Float64Array, flow: Flow, tolerance: number): number {
    const { demand, guarantee, weight, capacity } = problem;
    let worst = 0;
    let isShort = false;
    for (let n = 0; n < capacity.length; n++) {
      const over = at(flow.intoNode, n) - at(capacity, n);
      if (over > tolerance) worst = Math.max(worst, over / at(flow.intoNode, n));
    }
    for (let s = 0; s < served.length; s++) {
      const missing = at(served, s) - at(flow.ofService, s);
      if (missing > tolerance) worst = Math.max(worst, missing / at(served, s));
      const least = Math.min(at(guarantee, s), at(demand, s)) - at(served, s);
      if (least > tolerance) worst = Math.max(worst, least / at(guarantee, s));
      isShort ||= hasUnmetDemand(problem, served, s, tolerance);
    }
    if (!isShort) return worst;
    this.#spread(problem, served, flow, tolerance * 100);
    for (let s = 0; s < served.length; s++) {
      if (!hasUnmetDemand(problem, served, s, tolerance)) continue;
      const servedLevel = at(served, s) / at(weight, s);
      const best = at(this.#best, s);
      if (best === Infinity) worst = Math.max(worst, 1);
      // The left side is how many cores raise the service to the higher level, at most.
      else if ((best - servedLevel) * at(weight, s) > tolerance) worst = Math.max(worst, (best - servedLevel) / best);
    }
    return worst;
  }

  /**
   * Sets the best of each vertex: first what reaches free capacity, then what reaches services, from the highest level.
   */
  #spread(problem: FairProblem, served: Float64Array, flow: Flow, tolerance: number): void {
    const { demand, guarantee, weight, capacity } = problem;
    const best = this.#best;
    const order = this.#order;
    best.fill(-1);
    for (let n = 0; n < capacity.length; n++) {
      if (at(capacity, n) - at(flow.intoNode, n) > tolerance) {
        this.#reach(problem, flow, served.length + n, Infinity, tolerance);
      }
    }
    const levelOf = (s: number): number => at(served, s) / at(weight, s);
    for (let s = 0; s < order.length; s++) order[s] = s;
    order.sort((a, b) => levelOf(b) - levelOf(a));
    for (const s of order) {
      const least = Math.min(at(guarantee, s), at(demand, s)) * (1 + ROUNDING);
      if (at(served, s) > least) this.#reach(problem, flow, s, levelOf(s), tolerance);
    }
  }

  /** Marks all vertices that can take from `seed` and have no better one yet. */
  #reach(problem: FairProblem, flow: Flow, seed: number, value: number, tolerance: number): void {
    const { firstReplica, node, limit } = problem;
    const best = this.#best;
    const queue = this.#queue;
    const services = firstReplica.length - 1;
    if (best[seed] !== -1) return;
    best[seed] = value;
    queue[0] = seed;
    for (let head = 0, tail = 1; head < tail; head++) {
      const vertex = indexAt(queue, head);
      const isService = vertex < services;
      const first = isService ? firstReplica : flow.firstOnNode;
      const owner = isService ? vertex : vertex - services;
      const from = indexAt(first, owner);
      const to = indexAt(first, owner + 1);
      for (let arc = from; arc < to; arc++) {
        const j = isService ? arc : indexAt(flow.replicasByNode, arc);
        const room = isService ? at(flow.onReplica, j) : at(limit, j) - at(flow.onReplica, j);
        const other = isService ? services + indexAt(node, j) : indexAt(flow.serviceOf, j);
        if (best[other] !== -1 || room <= tolerance) continue;
        best[other] = value;
        queue[tail++] = other;
      }
    }
  }
}

function hasUnmetDemand({ demand }: FairProblem, served: Float64Array, service: number, tolerance: number): boolean {
  return at(served, service) < at(demand, service) * (1 - ROUNDING) - tolerance;
}
