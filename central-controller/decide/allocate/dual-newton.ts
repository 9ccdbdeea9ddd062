/**
 * The split's last resort: Newton's method on its dual. Given a price per node, each service's best split is found by
 * itself (`service-response.ts`); what remains is to find the prices at which the loads that the services choose are the
 * loads that make those prices. The dual is concave, and a step is taken only as far as it rises (semismooth Newton with
 * Armijo's rule: Qi and Sun 1993). Early steps are solved roughly, late ones exactly (Dembo, Eisenstat and Steihaug
 * 1982).
 */
import { at } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { findLoad, type NodePrices } from './node-prices.ts';
import { type NewtonSystem, solveNewton } from './newton-system.ts';
import { createResponse, respondAll, type Response, type ResponseScratch, valueOf } from './service-response.ts';
import { evaluateNode, loadsOf, type SplitProblem } from './split-problem.ts';

const MOST_ITERATIONS = 200;

/** Tolerance of the services' responses. */
const EXACT = 1e-12;

/** Prices that are right to this part are the solution. */
const GOAL = 1e-10;

/** Prices that are right to this part are close to it. */
const NEAR = 1e-6;

/** A guess at the loads, and what follows from it. */
interface Trial {
  readonly loads: Float64Array;
  readonly price: Float64Array;
  readonly slope: Float64Array;
  /** What the services choose at these prices. */
  readonly response: Response;
  /** Loads that the services choose, less the loads that made the prices: the dual's gradient. */
  readonly residual: Float64Array;
  /** Largest error of a price, as a part of it. */
  error: number;
  /** NaN until it is asked for. */
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

  /** @param nodes prices to start from, and loads that have them */
  constructor(replicas: number, nodes: NodePrices, system: NewtonSystem) {
    this.#nodes = nodes;
    this.#system = system;
    this.#scratch = { guess: new Float64Array(replicas), freedom: new Float64Array(replicas) };
    this.#trial = createTrial(nodes.price.length, replicas);
    this.#next = createTrial(nodes.price.length, replicas);
  }

  /** Requests per second of each replica by the last solution; overwritten by the next. */
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
    for (let iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
      const trial = this.#trial;
      const { slope, response, residual, error } = trial;
      if (error <= GOAL) break;
      const left = Math.min(0.01, Math.max(1e-6, 0.1 * error));
      solveNewton(this.#system, problem, slope, response.flexibility, residual, left);
      if (!this.#search(problem)) break;
      this.#trial = this.#next;
      this.#next = trial;
    }
  }

  /** Fills in all that follows from `trial.price`; its loads are where the search for the new ones starts. */
  #evaluate(problem: SplitProblem, trial: Trial): void {
    const { loads, price, slope, residual, response } = trial;
    const point = this.#point;
    for (let n = 0; n < loads.length; n++) {
      loads[n] = findLoad(problem, n, at(price, n), at(loads, n), point);
      slope[n] = point.slope;
    }
    respondAll(problem, price, EXACT, response, this.#scratch, point);
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

  /** Makes `next` a better trial than `trial` along the step, or says that there is none. */
  #search(problem: SplitProblem): boolean {
    const trial = this.#trial;
    const next = this.#next;
    const { step } = this.#system;
    next.response.requests.set(trial.response.requests);
    // Close to the solution rounding decides whether a step is any better: a short one would not be either.
    const shortest = trial.error < NEAR ? 1 : 1e-9;
    for (let length = 1; length >= shortest; length /= 2) {
      for (let n = 0; n < step.length; n++) {
        const price = at(trial.price, n);
        const changed = this.#nodes.changed(n, price, length * at(step, n));
        next.price[n] = changed;
        next.loads[n] = at(trial.loads, n) + (changed - price) / at(trial.slope, n);
      }
      this.#evaluate(problem, next);
      // Measured against all trials before: halved against the last one alone, errors can go round in a circle.
      const halves = next.error < 0.5 * this.#lowestError;
      this.#lowestError = Math.min(this.#lowestError, next.error);
      if (halves || (trial.error >= NEAR && this.#hasRisen(problem, length))) return true;
    }
    return false;
  }

  /**
   * Armijo's rule; but where the rise to expect drowns in the rounding of the dual itself, what counts is that its slope
   * along the step has not turned, by much, to a fall.
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
