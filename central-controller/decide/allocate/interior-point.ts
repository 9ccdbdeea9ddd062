/**
 * Brings a split close to the optimum in some ten steps, however many replicas change between floor and more on the
 * way: a primal-dual interior-point method (Wright 1997) that follows the central path, on which each replica's rate
 * above its floor times the price of that floor is the same part of its service's cost. Each step solves the same kind
 * of Newton system as the dual does. A start close to the path, from the last problem's, saves the first half of the
 * steps (Gondzio 1998).
 */
import type { CurvePoint } from './delay-curve.ts';
import { type NewtonSystem, solveNewton } from './newton-system.ts';
import { splitRoughly } from './rough-split.ts';
import { evaluateLimit, evaluateNode, loadsOf, type SplitProblem } from './split-problem.ts';

/** Where the path is left: part of the service's cost that the product may be. */
const GOAL = 1e-5;

/** Where the next problem starts. */
const WARM = 0.05;

const MOST_STEPS = 60;

/** Part of the way to the boundary that a step may go. */
const NOT_QUITE = 0.99;

/** The product's part that each step aims at: less after a step that could go all the way. */
const AIM_FAR = 0.05;
const AIM_NEAR = 0.4;

export class InteriorPoint {
  /** Requests per second, per replica. */
  readonly requests: Float64Array;
  readonly loads: Float64Array;
  /** Price of the floor: by how much a replica's marginal cost exceeds that of its service; per replica. */
  readonly #held: Float64Array;
  /** Rates above the floor as parts of the equal share, and prices as parts of the service's, to start from. */
  readonly #warmShare: Float64Array;
  readonly #warmHeld: Float64Array;
  #warmReplicas = 0;
  readonly #flexibility: Float64Array;
  readonly #marginal: Float64Array;
  readonly #change: Float64Array;
  readonly #slope: Float64Array;
  readonly #price: Float64Array;
  readonly #residual: Float64Array;
  /** What the product is measured by, per service. */
  readonly #scale: Float64Array;
  readonly #system: NewtonSystem;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  #product = 0;

  constructor(nodes: number, services: number, replicas: number, system: NewtonSystem) {
    this.requests = new Float64Array(replicas);
    this.loads = new Float64Array(nodes);
    this.#held = new Float64Array(replicas);
    this.#warmShare = new Float64Array(replicas);
    this.#warmHeld = new Float64Array(replicas);
    this.#flexibility = new Float64Array(replicas);
    this.#marginal = new Float64Array(replicas);
    this.#change = new Float64Array(replicas);
    this.#slope = new Float64Array(nodes);
    this.#price = new Float64Array(nodes);
    this.#residual = new Float64Array(nodes);
    this.#scale = new Float64Array(services);
    this.#system = system;
  }

  /**
   * Leaves the split in `requests` and `loads`: feasible, and most often close to the optimum.
   *
   * @param isWarm may start where the last problem's path was left early
   * @param accuracy part of the residual that a Newton system may be left with
   */
  solve(problem: SplitProblem, isWarm: boolean, accuracy: number): void {
    this.#start(problem, isWarm);
    let aim = AIM_NEAR;
    let isKept = false;
    for (let step = 0; step < MOST_STEPS && this.#product > GOAL; step++) {
      this.#linearise(problem, aim * this.#product);
      solveNewton(this.#system, problem, this.#slope, this.#flexibility, this.#residual, accuracy);
      const length = this.#step(problem, aim * this.#product);
      aim = length > 0.6 ? AIM_FAR : AIM_NEAR;
      if (!isKept && this.#product < WARM) {
        this.#keep(problem);
        isKept = true;
      }
    }
  }

  #start(problem: SplitProblem, mayBeWarm: boolean): void {
    const { start, demand, pull, floor } = problem;
    const { requests, loads } = this;
    const replicas = start[demand.length] ?? 0;
    const isWarm = mayBeWarm && this.#warmReplicas === replicas;
    if (!isWarm) splitRoughly(problem, requests, loads);
    let product = 0;
    for (let s = 0; s < demand.length; s++) {
      const from = start[s] ?? 0;
      const to = start[s + 1] ?? 0;
      const equal = (demand[s] ?? 0) / (to - from);
      // The pull is a part of the service's cost; what that is need not be known well.
      const scale = (pull[s] ?? 0) * equal * 10;
      this.#scale[s] = scale * equal;
      let sum = 0;
      for (let j = from; j < to; j++) {
        if (isWarm) requests[j] = this.#warmShare[j] ?? 0;
        sum += requests[j] ?? 0;
      }
      for (let j = from; j < to; j++) {
        const above = ((requests[j] ?? 0) / sum) * (1 - floor) * equal * (to - from);
        requests[j] = floor * equal + above;
        this.#held[j] = isWarm ? (this.#warmHeld[j] ?? 0) * scale : (scale * equal) / above;
        product += (above * (this.#held[j] ?? 0)) / (scale * equal);
      }
    }
    this.#product = product / Math.max(1, replicas);
    loadsOf(problem, requests, loads);
  }

  #keep({ start, demand, pull, floor }: SplitProblem): void {
    this.#warmReplicas = start[demand.length] ?? 0;
    for (let s = 0; s < demand.length; s++) {
      const from = start[s] ?? 0;
      const to = start[s + 1] ?? 0;
      const equal = (demand[s] ?? 0) / (to - from);
      for (let j = from; j < to; j++) {
        this.#warmShare[j] = (this.requests[j] ?? 0) / equal - floor;
        this.#warmHeld[j] = (this.#held[j] ?? 0) / ((pull[s] ?? 0) * equal * 10);
      }
    }
  }

  /** The Newton system for the point on the path with this product; `#marginal` is left less what the barrier gives. */
  #linearise(problem: SplitProblem, product: number): void {
    const { node, cost, hidden, limit, start, demand, pull, floor } = problem;
    const flexibility = this.#flexibility;
    const marginal = this.#marginal;
    const residual = this.#residual;
    const point = this.#point;
    const { requests, loads } = this;
    const held = this.#held;
    const prices = this.#price;
    const slopes = this.#slope;
    const changes = this.#change;
    const scales = this.#scale;
    for (let n = 0; n < residual.length; n++) {
      evaluateNode(problem, n, loads[n] ?? 0, point);
      prices[n] = point.price;
      slopes[n] = point.slope;
    }
    residual.fill(0);
    for (let s = 0; s < demand.length; s++) {
      const from = start[s] ?? 0;
      const to = start[s + 1] ?? 0;
      const equal = (demand[s] ?? 0) / (to - from);
      const own = pull[s] ?? 1;
      const target = product * (scales[s] ?? 1);
      let sum = 0;
      let mean = 0;
      for (let j = from; j < to; j++) {
        const rate = requests[j] ?? 0;
        const above = rate - floor * equal;
        let price = (cost[j] ?? 0) * (prices[node[j] ?? 0] ?? 0) + (hidden[j] ?? 0) + own * (rate - equal);
        let slope = own + (held[j] ?? 0) / above;
        if (limit[j] !== Infinity) {
          evaluateLimit(problem, j, rate, point);
          price += point.price;
          slope += point.slope;
        }
        const flexible = 1 / slope;
        flexibility[j] = flexible;
        marginal[j] = price - target / above;
        sum += flexible;
        mean += flexible * (marginal[j] ?? 0);
      }
      mean /= sum;
      for (let j = from; j < to; j++) {
        const n = node[j] ?? 0;
        const change = (flexibility[j] ?? 0) * (mean - (marginal[j] ?? 0));
        changes[j] = change;
        residual[n] = (residual[n] ?? 0) + (cost[j] ?? 0) * change;
      }
    }
  }

  /** Goes toward the point on the path as far as rates and prices stay positive; returns how far that was. */
  #step(problem: SplitProblem, product: number): number {
    const { node, cost, start, demand, floor } = problem;
    const { step } = this.#system;
    const flexibility = this.#flexibility;
    const change = this.#change;
    const held = this.#held;
    const scales = this.#scale;
    const { requests } = this;
    let ofRates = 1 / NOT_QUITE;
    let ofPrices = 1 / NOT_QUITE;
    for (let s = 0; s < demand.length; s++) {
      const from = start[s] ?? 0;
      const to = start[s + 1] ?? 0;
      const least = (floor * (demand[s] ?? 0)) / (to - from);
      const target = product * (scales[s] ?? 1);
      let sum = 0;
      let mean = 0;
      for (let j = from; j < to; j++) {
        sum += flexibility[j] ?? 0;
        mean += (flexibility[j] ?? 0) * (cost[j] ?? 0) * (step[node[j] ?? 0] ?? 0);
      }
      mean /= sum;
      for (let j = from; j < to; j++) {
        const dearer = (cost[j] ?? 0) * (step[node[j] ?? 0] ?? 0) - mean;
        const moved = (change[j] ?? 0) - (flexibility[j] ?? 0) * dearer;
        const above = (requests[j] ?? 0) - least;
        const price = held[j] ?? 0;
        const raised = (target - price * (above + moved)) / above;
        change[j] = moved;
        if (moved < 0 && -above / moved < ofRates) ofRates = -above / moved;
        if (raised < 0 && -price / raised < ofPrices) ofPrices = -price / raised;
      }
    }
    ofRates *= NOT_QUITE;
    ofPrices *= NOT_QUITE;
    let left = 0;
    for (let s = 0; s < demand.length; s++) {
      const from = start[s] ?? 0;
      const to = start[s + 1] ?? 0;
      const least = (floor * (demand[s] ?? 0)) / (to - from);
      const scale = scales[s] ?? 1;
      const target = product * scale;
      let sum = 0;
      for (let j = from; j < to; j++) {
        const moved = change[j] ?? 0;
        const above = (requests[j] ?? 0) - least;
        const price = held[j] ?? 0;
        held[j] = price + (ofPrices * (target - price * (above + moved))) / above;
        requests[j] = least + above + ofRates * moved;
        sum += (above + ofRates * moved) * (held[j] ?? 0);
      }
      left += sum / scale;
    }
    this.#product = left / Math.max(1, start[demand.length] ?? 0);
    loadsOf(problem, this.requests, this.loads);
    return Math.min(ofRates, ofPrices);
  }
}
