/**
 * Phase 1: how much of each service's demand the nodes can carry, shared weighted max-min fairly.
 *
 * Served demand of service s is `clamp(weight_s * t, guarantee_s, demand_s)` for one common level t, raised as far as
 * the network service -> node allows; services held by a tight cut stay there and the others rise on. The highest
 * level is found by Newton's method on cuts (Megiddo 1974; Gallo, Grigoriadis, Tarjan 1989): the minimum cut at an
 * infeasible level says which services want too much, and the level at which just they fit is the next one to try.
 */
import { at } from './column.ts';
import type { FairProblem } from './fair-problem.ts';
import { FairnessCheck } from './fairness-check.ts';
import { Flow } from './max-flow.ts';

/** Part of all that could be served that rounding may hide, per service. */
const TOLERANCE = 1e-11;

/** Part of all that could be served below which no flow is moved. */
const FLOW_TOLERANCE = 0.01 * TOLERANCE;

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
  #cutCapacity = 0;
  #isFirst = true;
  #certificate = 0;

  constructor(nodes: number, services: number, replicas: number) {
    this.served = new Float64Array(services);
    this.#flow = new Flow(nodes, services, replicas);
    this.#check = new FairnessCheck(nodes, services);
    this.#isRising = new Uint8Array(services);
    this.#isInCut = new Uint8Array(services);
  }

  /** Largest relative violation of feasibility and of max-min fairness by the last solution. */
  get certificate(): number {
    return this.#certificate;
  }

  solve(problem: FairProblem): void {
    const { served } = this;
    const { demand } = problem;
    this.#flow.place(problem);
    if (this.#isFirst) this.#flowAsRoomAllows(problem);
    this.#isFirst = false;
    served.set(demand);
    this.#isRising.fill(1);
    const scale = servable(problem);
    while (this.#findsCut(problem, scale)) {
      do {
        const level = this.#levelOfCut(problem);
        for (let s = 0; s < served.length; s++) {
          if (this.#isRising[s] === 1) served[s] = demandAt(problem, s, level);
        }
      } while (this.#findsCut(problem, scale));
      let hasHeld = false;
      for (let s = 0; s < served.length; s++) {
        if (this.#isRising[s] !== 1) continue;
        if (this.#isInCut[s] === 1) {
          this.#isRising[s] = 0;
          hasHeld = true;
        } else served[s] = demand[s] ?? 0;
      }
      if (!hasHeld) break;
    }
    this.#serveWhatFlows(scale * FLOW_TOLERANCE);
    this.#certificate = this.#check.violation(problem, served, this.#flow, scale * TOLERANCE);
  }

  /** The tolerance of all services together is a lot to one small service: it is served no more than can flow. */
  #serveWhatFlows(tolerance: number): void {
    const { served } = this;
    const { ofService } = this.#flow;
    for (let s = 0; s < served.length; s++) {
      if (at(served, s) - at(ofService, s) > tolerance) served[s] = at(ofService, s);
    }
  }

  #flowAsRoomAllows({ firstReplica, node, capacity, demand }: FairProblem): void {
    const { onReplica } = this.#flow;
    for (let s = 0; s < demand.length; s++) {
      let room = 0;
      for (let j = firstReplica[s] ?? 0; j < (firstReplica[s + 1] ?? 0); j++) room += capacity[node[j] ?? 0] ?? 0;
      for (let j = firstReplica[s] ?? 0; j < (firstReplica[s + 1] ?? 0); j++) {
        onReplica[j] = room > 0 ? ((demand[s] ?? 0) * (capacity[node[j] ?? 0] ?? 0)) / room : 0;
      }
    }
  }

  /** Whether what is served cannot flow. Then `#isInCut` marks the services that together want more than they can get. */
  #findsCut(problem: FairProblem, scale: number): boolean {
    const { firstReplica, node, limit, capacity } = problem;
    const flow = this.#flow;
    const services = this.served.length;
    const missing = flow.maximise(problem, this.served, scale * FLOW_TOLERANCE);
    if (missing <= scale * TOLERANCE * (1 + services)) return false;
    let cut = 0;
    for (let n = 0; n < capacity.length; n++) cut += flow.isExhausted(n) ? (capacity[n] ?? 0) : 0;
    for (let s = 0; s < services; s++) {
      this.#isInCut[s] = flow.wantsMore(s) ? 1 : 0;
      if (!flow.wantsMore(s)) continue;
      for (let j = firstReplica[s] ?? 0; j < (firstReplica[s + 1] ?? 0); j++) {
        if (!flow.isExhausted(node[j] ?? 0)) cut += limit[j] ?? 0;
      }
    }
    this.#cutCapacity = cut;
    return true;
  }

  /**
   * The level at which the services of the cut just fill it. What they want is linear between the levels at which one
   * leaves its guarantee or reaches its demand: Newton's method, kept within a shrinking bracket, ends on the piece.
   */
  #levelOfCut(problem: FairProblem): number {
    let low = 0;
    let high = 0;
    for (let s = 0; s < this.served.length; s++) {
      if (this.#isInCut[s] !== 1 || this.#isRising[s] !== 1) continue;
      high = Math.max(high, (problem.demand[s] ?? 0) / (problem.weight[s] ?? 1));
    }
    let level = high / 2;
    for (let round = 0; round < 200 && high > low; round++) {
      let room = this.#cutCapacity;
      let slope = 0;
      for (let s = 0; s < this.served.length; s++) {
        if (this.#isInCut[s] !== 1) continue;
        const isRising = this.#isRising[s] === 1;
        const cores = isRising ? demandAt(problem, s, level) : (this.served[s] ?? 0);
        room -= cores;
        if (isRising && cores < (problem.demand[s] ?? 0) && cores > guaranteeOf(problem, s)) {
          slope += problem.weight[s] ?? 0;
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
}

/** Cores that could be served if services did not meet. */
function servable({ firstReplica, limit, demand }: FairProblem): number {
  let sum = 0;
  for (let s = 0; s < demand.length; s++) {
    let most = 0;
    for (let j = firstReplica[s] ?? 0; j < (firstReplica[s + 1] ?? 0); j++) most += limit[j] ?? 0;
    sum += Math.min(most, demand[s] ?? 0);
  }
  return sum;
}

function guaranteeOf(problem: FairProblem, service: number): number {
  return Math.min(problem.guarantee[service] ?? 0, problem.demand[service] ?? 0);
}

function demandAt(problem: FairProblem, service: number, level: number): number {
  const demand = problem.demand[service] ?? 0;
  return Math.min(demand, Math.max(guaranteeOf(problem, service), (problem.weight[service] ?? 0) * level));
}
