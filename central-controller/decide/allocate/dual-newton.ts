/**
 * Newton's method on the dual of the split. Given a price per node, each service finds its best split alone
 * (`service-response.ts`). What remains is to find prices at which the services choose just the loads that have these
 * prices. The dual is concave, and a step is shortened until the dual rises (semismooth Newton with Armijo's rule: Qi
 * and Sun 1993). Newton systems are solved roughly far from the solution and exactly near it (Dembo, Eisenstat and
 * Steihaug 1982).
 */
import { at } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { findLoad, type NodePrices } from './node-prices.ts';
import { type NewtonSystem, solveNewton } from './newton-system.ts';
import { createResponse, respondAll, type Response, type ResponseScratch, valueOf } from './service-response.ts';
import { evaluateNode, loadsOf, type SplitProblem } from './split-problem.ts';

const MAX_ITERATIONS = 200;

/** Relative accuracy of the services' responses. */
const RESPONSE_TOLERANCE = 1e-12;

/** Largest relative error of a price at the solution. */
const TOLERANCE = 1e-10;

/** Below this error of the prices, rounding of the dual hides whether it rises. */
const LOCAL_ERROR = 1e-6;

/** Prices to try, and what follows from them. */
interface Trial {
  /** Cores at which the nodes have these prices. */
  readonly loads: Float64Array;
  readonly price: Float64Array;
  readonly slope: Float64Array;
  /** The splits that the services choose at these prices. */
  readonly response: Response;
  /** Gradient of the dual: the loads of that choice less `loads`. */
  readonly residual: Float64Array;
  /** Largest relative error of a price. */
  error: number;
  /** Value of the dual; NaN until it is needed. */
  dual: number;
}

export class DualNewton {
  readonly #nodes: NodePrices;
  readonly #system: NewtonSystem;
  readonly #scratch: ResponseScratch;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  #trial: Trial;
  #next: Trial;
  /** Smallest error of all trials so far. */
  #lowestError = 0;

  /** @param nodes prices to start from, with the loads that have them */
  constructor(replicas: number, nodes: NodePrices, system: NewtonSystem) {
    this.#nodes = nodes;
    this.#system = system;
    this.#scratch = { guess: new Float64Array(replicas), freedom: new Float64Array(replicas) };
    this.#trial = createTrial(nodes.price.length, replicas);
    this.#next = createTrial(nodes.price.length, replicas);
  }

  /** Requests per second of each replica in the last solution; the next one overwrites them. */
  get requests(): Float64Array {
    return this.#trial.response.requests;
  }

  /** @param requests a split to start from */
  solve(problem: SplitProblem, requests: Float64Array): void {
    this.#trial.response.requests.set(requests);
    this.#trial.price.set(this.#nodes.price);
    this.#trial.loads.set(this.#nodes.loads);
    this.#evaluate(problem, this.#trial);
    this.#lowestError = this.#trial.error;
    for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
      const trial = this.#trial;
      const { slope, response, residual, error } = trial;
      if (error <= TOLERANCE) break;
      const left = Math.min(0.01, Math.max(1e-6, 0.1 * error));
      solveNewton(this.#system, problem, slope, response.flexibility, residual, left);
      if (!this.#search(problem)) break;
      this.#trial = this.#next;
      this.#next = trial;
    }
  }

  /** Computes all that follows from `trial.price`. The search for the loads starts from `trial.loads`. */
  #evaluate(problem: SplitProblem, trial: Trial): void {
    const { loads, price, slope, residual, response } = trial;
    const point = this.#point;
    for (let n = 0; n < loads.length; n++) {
      loads[n] = findLoad(problem, n, at(price, n), at(loads, n), point);
      slope[n] = point.slope;
    }
    respondAll(problem, price, RESPONSE_TOLERANCE, response, this.#scratch, point);
    loadsOf(problem, response.requests, residual);
    let error = 0;
    for (let n = 0; n < loads.length; n++) {
      const rest = at(residual, n) - at(loads, n);
      residual[n] = rest;
      if (rest !== 0) error = Math.max(error, (Math.abs(rest) * at(slope, n)) / Math.max(at(price, n), 1e-300));
    }
    trial.error = error;
    trial.dual = NaN;
  }

  /** Makes `next` a better trial along the step. Returns false when there is none. */
  #search(problem: SplitProblem): boolean {
    const trial = this.#trial;
    const next = this.#next;
    const { step } = this.#system;
    next.response.requests.set(trial.response.requests);
    // Near the solution only a full step can be told from rounding.
    const shortest = trial.error < LOCAL_ERROR ? 1 : 1e-9;
    for (let length = 1; length >= shortest; length /= 2) {
      for (let n = 0; n < step.length; n++) {
        const price = at(trial.price, n);
        const changed = this.#nodes.changed(n, price, length * at(step, n));
        next.price[n] = changed;
        next.loads[n] = at(trial.loads, n) + (changed - price) / at(trial.slope, n);
      }
      this.#evaluate(problem, next);
      // Compared with all trials: a step that only halves the last error can return to an earlier trial.
      const hasHalved = next.error < 0.5 * this.#lowestError;
      this.#lowestError = Math.min(this.#lowestError, next.error);
      if (hasHalved || (trial.error >= LOCAL_ERROR && this.#hasRisen(problem, length))) return true;
    }
    return false;
  }

  /**
   * Armijo's rule. Where the expected rise is below the rounding of the dual, the dual may instead have a slope along
   * the step that has not turned far into a fall.
   */
  #hasRisen(problem: SplitProblem, length: number): boolean {
    const { step } = this.#system;
    const before = this.#dualOf(problem, this.#trial);
    const after = this.#dualOf(problem, this.#next);
    const slope = slopeAlong(this.#trial, step);
    const expected = 1e-4 * length * slope;
    const rounding = 1e-11 * (Math.abs(before) + Math.abs(after));
    if (expected > rounding) return after >= before + expected;
    return after >= before - rounding && slopeAlong(this.#next, step) >= -0.5 * slope;
  }

  #dualOf(problem: SplitProblem, trial: Trial): number {
    if (!Number.isNaN(trial.dual)) return trial.dual;
    const { loads, price } = trial;
    let dual = valueOf(problem, price, trial.response, this.#point);
    for (let n = 0; n < loads.length; n++) {
      const load = at(loads, n);
      evaluateNode(problem, n, load, this.#point);
      dual += this.#point.value + at(price, n) * (at(problem.background, n) - load);
    }
    trial.dual = dual;
    return dual;
  }
}

function createTrial(nodes: number, replicas: number): Trial {
  return {
    loads: new Float64Array(nodes),
    price: new Float64Array(nodes),
    slope: new Float64Array(nodes),
    response: createResponse(replicas),
    residual: new Float64Array(nodes),
    error: 0,
    dual: NaN,
  };
}

/** Derivative of the dual at `trial` along the step. */
function slopeAlong(trial: Trial, step: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < step.length; n++) sum += at(step, n) * at(trial.residual, n);
  return sum;
}
