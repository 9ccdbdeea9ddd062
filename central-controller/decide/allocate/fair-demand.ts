/**
 * Phase 1: how much of each service's demand the nodes can carry, by weighted max-min fairness.
 *
 * The served demand of service s is `clamp(weight_s * t, guarantee_s, demand_s)` for a common level t, which rises
 * until a cut of the network from services to nodes is full. The services in the cut stay at that level, and the others
 * rise on. The highest level is found by Newton's method on cuts (Megiddo 1974; Gallo, Grigoriadis and Tarjan 1989):
 * the minimum cut at a level that is too high shows which services want too much, and the next level is the one at
 * which these just fit.
 */
import { at, indexAt } from './column.ts';
import type { FairProblem } from './fair-problem.ts';
import { FairnessCheck } from './fairness-check.ts';
import { Flow } from './max-flow.ts';

/** Fraction of the cores that could be served which may be missing in the sum over services, for rounding. */
const TOLERANCE = 1e-11;

/** Fraction of the tolerance that the services may lose because tiny flows are not moved. */
const FLOW_TOLERANCE = 0.1;

/** Solves problems of one size, each from the flow of the one before, without allocating memory. */
export class FairDemand {
  /** Cores, per service. Exact up to rounding. */
  readonly served: Float64Array;
  readonly #flow: Flow;
  readonly #check: FairnessCheck;
  /** 1 where the service rises with the common level. */
  readonly #isRising: Uint8Array;
  /** 1 where the service is in the last cut that was found. */
  readonly #isInCut: Uint8Array;
  /** 1 where the service is in the cut that decides the level. */
  readonly #isBinding: Uint8Array;
  /** Cores of the demand that the limits of the service's replicas let through. */
  readonly #demand: Float64Array;
  #cutCapacity = 0;
  #isFirst = true;
  #violation = 0;

  constructor(nodes: number, services: number, replicas: number) {
    this.served = new Float64Array(services);
    this.#flow = new Flow(nodes, services, replicas);
    this.#check = new FairnessCheck(nodes, services);
    this.#isRising = new Uint8Array(services);
    this.#isInCut = new Uint8Array(services);
    this.#isBinding = new Uint8Array(services);
    this.#demand = new Float64Array(services);
  }

  /** Largest relative violation of feasibility and of max-min fairness in the last solution. */
  get violation(): number {
    return this.#violation;
  }

  solve(problem: FairProblem): void {
    const { served } = this;
    const demand = this.#demand;
    const isRising = this.#isRising;
    this.#flow.place(problem);
    if (this.#isFirst) this.#flowAsRoomAllows(problem);
    this.#isFirst = false;
    const scale = this.#limitDemand(problem);
    served.set(demand);
    isRising.fill(1);
    while (this.#findsCut(problem, scale) && this.#lowerLevel(problem, scale)) {
      for (let s = 0; s < served.length; s++) {
        if (this.#isBinding[s] === 1) isRising[s] = 0;
        if (isRising[s] === 1) served[s] = at(demand, s);
      }
    }
    this.#serveWhatFlows(scale);
    this.#violation = this.#check.violation(problem, served, this.#flow, scale * TOLERANCE);
  }

  /** Fills in `#demand`. Returns its sum: the cores that could be served if each service had its nodes to itself. */
  #limitDemand({ firstReplica, limit, demand }: FairProblem): number {
    let scale = 0;
    for (let s = 0; s < demand.length; s++) {
      let most = 0;
      for (let j = indexAt(firstReplica, s); j < indexAt(firstReplica, s + 1); j++) most += at(limit, j);
      this.#demand[s] = Math.min(most, at(demand, s));
      scale += at(this.#demand, s);
    }
    return scale;
  }

  /**
   * Starts from the cut that was found, and lowers the level of the rising services until all can be served. Marks in
   * `#isBinding` the services of the last cut, which decides the level. Returns false when no cut has a rising service:
   * then only services that were held before miss something, by rounding.
   */
  #lowerLevel(problem: FairProblem, scale: number): boolean {
    const { served } = this;
    let level = Infinity;
    do {
      const next = this.#levelOfCut(problem);
      if (next < level) {
        level = next;
        this.#isBinding.set(this.#isInCut);
        for (let s = 0; s < served.length; s++) {
          if (this.#isRising[s] === 1) served[s] = this.#demandAt(problem, s, level);
        }
      } else this.#serveWhatFlows(scale);
    } while (this.#findsCut(problem, scale));
    return level < Infinity;
  }

  /** Serves no service more than flows: the tolerance of all services together is a lot for a small one. */
  #serveWhatFlows(scale: number): void {
    const { served } = this;
    const { ofService } = this.#flow;
    for (let s = 0; s < served.length; s++) {
      if (at(served, s) - at(ofService, s) > this.#flowTolerance(scale)) served[s] = at(ofService, s);
    }
  }

  /** Makes the first flow: each demand over its nodes in proportion to their capacity. */
  #flowAsRoomAllows({ firstReplica, node, capacity, demand }: FairProblem): void {
    const { onReplica } = this.#flow;
    for (let s = 0; s < demand.length; s++) {
      let room = 0;
      for (let j = indexAt(firstReplica, s); j < indexAt(firstReplica, s + 1); j++)
        room += at(capacity, indexAt(node, j));
      for (let j = indexAt(firstReplica, s); j < indexAt(firstReplica, s + 1); j++) {
        onReplica[j] = room > 0 ? (at(demand, s) * at(capacity, indexAt(node, j))) / room : 0;
      }
    }
  }

  /**
   * Returns whether `served` is more than can flow. Then `#isInCut` marks services that together want more than
   * `#cutCapacity`, which is all that they can reach.
   */
  #findsCut(problem: FairProblem, scale: number): boolean {
    const { firstReplica, node, limit, capacity } = problem;
    const flow = this.#flow;
    const services = this.served.length;
    const missing = flow.maximise(problem, this.served, this.#flowTolerance(scale));
    if (missing <= scale * TOLERANCE) return false;
    let cut = 0;
    for (let n = 0; n < capacity.length; n++) cut += flow.isExhausted(n) ? at(capacity, n) : 0;
    for (let s = 0; s < services; s++) {
      this.#isInCut[s] = flow.hasUnmetDemand(s) ? 1 : 0;
      if (!flow.hasUnmetDemand(s)) continue;
      for (let j = indexAt(firstReplica, s); j < indexAt(firstReplica, s + 1); j++) {
        if (!flow.isExhausted(indexAt(node, j))) cut += at(limit, j);
      }
    }
    this.#cutCapacity = cut;
    return true;
  }

  /**
   * The level at which the services of the cut just fill it; Infinity when none of them rises. What they want is
   * piecewise linear in the level, with a kink where a service leaves its guarantee or reaches its demand. Newton's
   * method within a shrinking bracket ends on the right piece.
   */
  #levelOfCut(problem: FairProblem): number {
    let low = 0;
    let high = 0;
    for (let s = 0; s < this.served.length; s++) {
      if (this.#isInCut[s] !== 1 || this.#isRising[s] !== 1) continue;
      high = Math.max(high, at(this.#demand, s) / at(problem.weight, s));
    }
    if (high === 0) return Infinity;
    let level = high / 2;
    for (let round = 0; round < 200 && high > low; round++) {
      let room = this.#cutCapacity;
      let slope = 0;
      for (let s = 0; s < this.served.length; s++) {
        if (this.#isInCut[s] !== 1) continue;
        const isRising = this.#isRising[s] === 1;
        const cores = isRising ? this.#demandAt(problem, s, level) : at(this.served, s);
        room -= cores;
        if (isRising && cores < at(this.#demand, s) && cores > this.#guaranteeOf(problem, s)) {
          slope += at(problem.weight, s);
        }
      }
      if (Math.abs(room) <= 1e-15 * this.#cutCapacity) return level;
      if (room > 0) low = level;
      else high = level;
      const newton = level + room / slope;
      const next = newton > low && newton < high ? newton : (low + high) / 2;
      if (next === level) return low;
      level = next;
    }
    return low;
  }

  /** Cores below which a flow is not moved. */
  #flowTolerance(scale: number): number {
    return (scale * TOLERANCE * FLOW_TOLERANCE) / (1 + this.served.length);
  }

  #guaranteeOf(problem: FairProblem, service: number): number {
    return Math.min(at(problem.guarantee, service), at(this.#demand, service));
  }

  #demandAt(problem: FairProblem, service: number, level: number): number {
    const wanted = at(problem.weight, service) * level;
    return Math.min(at(this.#demand, service), Math.max(this.#guaranteeOf(problem, service), wanted));
  }
}
