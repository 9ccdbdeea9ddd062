/**
 * The certificate of phase 1, from demand and flow alone. Served demand is weighted max-min fair when it flows, and no
 * service that wants more could get it from free capacity or from one that is better off (Bertsekas and Gallager 1992,
 * the bottleneck condition; here by reachability in the residual network). A service at its guarantee gives nothing.
 */
import type { FairProblem } from './fair-problem.ts';
import type { Flow } from './max-flow.ts';

/** Relative differences below this are rounding. */
const ROUNDING = 1e-9;

export class FairnessCheck {
  /** Best that can be taken from, per service and then per node: a level, Infinity for free capacity, -1 for none. */
  readonly #best: Float64Array;
  readonly #order: Int32Array;
  readonly #queue: Int32Array;

  constructor(nodes: number, services: number) {
    this.#best = new Float64Array(services + nodes);
    this.#order = new Int32Array(services);
    this.#queue = new Int32Array(services + nodes);
  }

  /** @param tolerance cores that count as none */
  violation(problem: FairProblem, served: Float64Array, flow: Flow, tolerance: number): number {
    const { demand, guarantee, weight, capacity } = problem;
    let worst = 0;
    let isShort = false;
    for (let n = 0; n < capacity.length; n++) {
      const over = (flow.intoNode[n] ?? 0) - (capacity[n] ?? 0);
      if (over > tolerance) worst = Math.max(worst, over / (flow.intoNode[n] ?? 1));
    }
    for (let s = 0; s < served.length; s++) {
      const missing = (served[s] ?? 0) - (flow.ofService[s] ?? 0);
      if (missing > tolerance) worst = Math.max(worst, missing / (served[s] ?? 1));
      const least = Math.min(guarantee[s] ?? 0, demand[s] ?? 0) - (served[s] ?? 0);
      if (least > tolerance) worst = Math.max(worst, least / (guarantee[s] ?? 1));
      isShort ||= wantsMore(problem, served, s, tolerance);
    }
    if (!isShort) return worst;
    this.#spread(problem, served, flow, tolerance * 100);
    for (let s = 0; s < served.length; s++) {
      if (!wantsMore(problem, served, s, tolerance)) continue;
      const own = (served[s] ?? 0) / (weight[s] ?? 1);
      const best = this.#best[s] ?? 0;
      if (best === Infinity) worst = Math.max(worst, 1);
      // Raising the service to the level of the better one takes so many cores at most.
      else if ((best - own) * (weight[s] ?? 1) > tolerance) worst = Math.max(worst, (best - own) / best);
    }
    return worst;
  }

  /** Gives each vertex the best that it reaches: free capacity first, then services from the best off down. */
  #spread(problem: FairProblem, served: Float64Array, flow: Flow, tolerance: number): void {
    const { demand, guarantee, weight, capacity } = problem;
    const best = this.#best;
    const order = this.#order;
    best.fill(-1);
    for (let n = 0; n < capacity.length; n++) {
      if ((capacity[n] ?? 0) - (flow.intoNode[n] ?? 0) > tolerance) {
        this.#reach(problem, flow, served.length + n, Infinity, tolerance);
      }
    }
    const levelOf = (s: number): number => (served[s] ?? 0) / (weight[s] ?? 1);
    for (let s = 0; s < order.length; s++) order[s] = s;
    order.sort((a, b) => levelOf(b) - levelOf(a));
    for (const s of order) {
      const least = Math.min(guarantee[s] ?? 0, demand[s] ?? 0) * (1 + ROUNDING);
      if ((served[s] ?? 0) > least) this.#reach(problem, flow, s, levelOf(s), tolerance);
    }
  }

  /** Marks all vertices that can take from `seed`, but for those that can take from a better one. */
  #reach(problem: FairProblem, flow: Flow, seed: number, value: number, tolerance: number): void {
    const { firstReplica, node, limit } = problem;
    const best = this.#best;
    const queue = this.#queue;
    const services = firstReplica.length - 1;
    if (best[seed] !== -1) return;
    best[seed] = value;
    queue[0] = seed;
    for (let head = 0, tail = 1; head < tail; head++) {
      const vertex = queue[head] ?? 0;
      const isService = vertex < services;
      const from = (isService ? firstReplica[vertex] : flow.firstOnNode[vertex - services]) ?? 0;
      const to = (isService ? firstReplica[vertex + 1] : flow.firstOnNode[vertex - services + 1]) ?? 0;
      for (let arc = from; arc < to; arc++) {
        const j = isService ? arc : (flow.replicasByNode[arc] ?? 0);
        const room = isService ? (flow.onReplica[j] ?? 0) : (limit[j] ?? 0) - (flow.onReplica[j] ?? 0);
        const other = isService ? services + (node[j] ?? 0) : (flow.serviceOf[j] ?? 0);
        if (best[other] !== -1 || room <= tolerance) continue;
        best[other] = value;
        queue[tail++] = other;
      }
    }
  }
}

function wantsMore({ demand }: FairProblem, served: Float64Array, service: number, tolerance: number): boolean {
  return (served[service] ?? 0) < (demand[service] ?? 0) * (1 - ROUNDING) - tolerance;
}
