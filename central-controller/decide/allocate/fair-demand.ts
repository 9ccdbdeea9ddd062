/**
 * Phase 1: how much of each service's demand the nodes can carry, shared weighted max-min fairly.
 *
 * Served demand of service s is `clamp(weight_s * t, guarantee_s, demand_s)` for one common level t, raised as far as
 * the network service -> node allows; services held by a tight cut stay there and the others rise on. The highest
 * level is found by Newton's method on cuts (Megiddo 1974; Gallo, Grigoriadis, Tarjan 1989): the minimum cut at an
 * infeasible level says which services want too much, and the level at which just they fit is the next one to try.
 */
import { at, indexAt } from './column.ts';
import type { FairProblem } from './fair-problem.ts';
import { FairnessCheck } from './fairness-check.ts';
import { Flow } from './max-flow.ts';

/** Fraction of all that could be served that may be missing, all services together: above rounding, below what matters. */
const TOLERANCE = 1e-11;

/** Fraction of the tolerance that all services together may lose to flows too small to be moved. */
const FLOW_TOLERANCE = 0.1;

/** Solves problems of one size, each from the flow of the one before. Keeps all memory that this takes. */
export class FairDemand {
  /** Cores, per service. Exact up to rounding. */
  readonly served: Float64Array;
  readonly #flow: Flow;
  readonly #check: FairnessCheck;
  /** Whether the service still rises with the common level. */
  readonly #isRising: Uint8Array;
  /** Whether the service is in the cut that was found last. */
  readonly #isInCut: Uint8Array;
  /** Whether the service is in the cut that decides the level. */
  readonly #isBinding: Uint8Array;
  /** Cores that the service's replicas could take at most of its demand, by their limits. */
  readonly #demand: Float64Array;
  #cutCapacity = 0;
  #isFirst = true;
  #certificate = 0;

  constructor(nodes: number, services: number, replicas: number) {
    this.served = new Float64Array(services);
    this.#flow = new Flow(nodes, services, replicas);
    this.#check = new FairnessCheck(nodes, services);
    this.#isRising = new Uint8Array(services);
    this.#isInCut = new Uint8Array(services);
    this.#isBinding = new Uint8Array(services);
    this.#demand = new Float64Array(services);
  }

  /** Largest relative violation of feasibility and of max-min fairness by the last solution. */
  get certificate(): number {
    return this.#certificate;
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
    this.#certificate = this.#check.violation(problem, served, this.#flow, scale * TOLERANCE);
  }

  /** Leaves out what no replica's limit lets through. Returns the cores that could be served if no services met. */
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
   * Lowers the level of the rising services until all can be served, from the cut that was found. Marks in `#isBinding`
   * the services of the last cut, which decides the level. Returns false when there is nothing to lower: then what is
   * missing is within the rounding of services that were held before.
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

  /** The tolerance of all services together is a lot to one small service: it is served no more than can flow. */
  #serveWhatFlows(scale: number): void {
    const { served } = this;
    const { ofService } = this.#flow;
    for (let s = 0; s < served.length; s++) {
      if (at(served, s) - at(ofService, s) > this.#flowTolerance(scale)) served[s] = at(ofService, s);
    }
  }

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

  /** Whether what is served cannot flow. Then `#isInCut` marks the services that together want more than they can get. */
  #findsCut(problem: FairProblem, scale: number): boolean {
    const { firstReplica, node, limit, capacity } = problem;
    const flow = this.#flow;
    const services = this.served.length;
    const missing = flow.maximise(problem, this.served, this.#flowTolerance(scale));
    if (missing <= scale * TOLERANCE) return false;
    let cut = 0;
    for (let n = 0; n < capacity.length; n++) cut += flow.isExhausted(n) ? at(capacity, n) : 0;
    for (let s = 0; s < services; s++) {
      this.#isInCut[s] = flow.wantsMore(s) ? 1 : 0;
      if (!flow.wantsMore(s)) continue;
      for (let j = indexAt(firstReplica, s); j < indexAt(firstReplica, s + 1); j++) {
        if (!flow.isExhausted(indexAt(node, j))) cut += at(limit, j);
      }
    }
    this.#cutCapacity = cut;
    return true;
  }

  /**
   * The level at which the services of the cut just fill it. What they want is linear between the levels at which one
   * leaves its guarantee or reaches its demand: Newton's method, kept within a shrinking bracket, ends on the piece.
   * Infinity where no service of the cut rises.
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

  /** Cores of one service that are not worth moving. */
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
