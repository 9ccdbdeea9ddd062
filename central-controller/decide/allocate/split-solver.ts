/**
 * Solves the split. The unknowns are one price per node: given those, the services no longer meet, and any number of
 * replicas is little work. From the last solution Newton's method on smoothed conditions most often gets to this one
 * (`smoothing-newton.ts`). Where it does not, and where there is no last solution, an interior-point method comes close
 * (`interior-point.ts`) and Newton's method goes on from there. Where that, too, ends without a good certificate, the
 * interior-point method goes all the way more carefully, and a search on the dual ends it (`dual-newton.ts`).
 */
import type { CurvePoint } from './delay-curve.ts';
import { DualNewton } from './dual-newton.ts';
import { InteriorPoint } from './interior-point.ts';
import { createNewtonSystem } from './newton-system.ts';
import { NodePrices } from './node-prices.ts';
import { SmoothingNewton } from './smoothing-newton.ts';
import { type SplitProblem, violation } from './split-problem.ts';

/** A certificate beyond this asks for another attempt, slower and more careful. */
const GOOD = 5e-7;

/** Smoothing to begin with, in squares of the equal share: from the last solution, and from close to this one. */
const FAR = 1e-4;
const NEAR = 1e-6;

/** Part of the residual that may be left by the steps of the interior-point method. */
const SWIFT = 1e-2;
const CAREFUL = 1e-8;

/** Solves problems of one size, each from the solution of the one before. Keeps all memory that this takes. */
export class SplitSolver {
  readonly #smoothing: SmoothingNewton;
  readonly #interior: InteriorPoint;
  readonly #dual: DualNewton;
  readonly #loads: Float64Array;
  readonly #prices: Float64Array;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  #requests: Float64Array;
  #certificate = 0;

  constructor(nodes: number, services: number, replicas: number) {
    const system = createNewtonSystem(nodes, services, replicas);
    const prices = new NodePrices(nodes);
    this.#smoothing = new SmoothingNewton(services, replicas, prices, system);
    this.#interior = new InteriorPoint(services, replicas, prices, system);
    this.#dual = new DualNewton(replicas, prices, system);
    this.#loads = new Float64Array(nodes);
    this.#prices = new Float64Array(nodes);
    this.#requests = this.#smoothing.requests;
  }

  /** Requests per second of each replica by the last solution; overwritten by the next. */
  get requests(): Float64Array {
    return this.#requests;
  }

  /** Largest relative violation of the optimality conditions by the last solution. */
  get certificate(): number {
    return this.#certificate;
  }

  solve(problem: SplitProblem): void {
    if (this.#smoothing.recall(problem)) {
      if (this.#ends(problem, FAR)) return;
      this.#smoothing.recall(problem);
      this.#smoothing.spread(problem, this.#interior.above, this.#interior.held);
      if (this.#approaches(problem, true)) return;
    }
    // Where all has changed, the last solution is of no use: this one takes its place.
    if (this.#approaches(problem, false)) return;
    this.#interior.solve(problem, false, CAREFUL);
    this.#dual.solve(problem, this.#interior.requests);
    this.#take(problem, this.#dual.requests);
  }

  /** Whether the solution is reached from where the interior-point method ends. */
  #approaches(problem: SplitProblem, isWarm: boolean): boolean {
    this.#interior.solve(problem, isWarm, SWIFT);
    this.#smoothing.start(problem, this.#interior.above, this.#interior.held);
    return this.#ends(problem, NEAR);
  }

  /** Whether the solution is reached from where it is. */
  #ends(problem: SplitProblem, smoothing: number): boolean {
    this.#smoothing.solve(problem, smoothing);
    this.#take(problem, this.#smoothing.requests);
    const isGood = this.#certificate <= GOOD;
    if (isGood) this.#smoothing.keep(problem);
    return isGood;
  }

  #take(problem: SplitProblem, requests: Float64Array): void {
    this.#requests = requests;
    this.#certificate = violation(problem, requests, this.#loads, this.#prices, this.#point);
  }
}
