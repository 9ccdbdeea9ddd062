/**
 * Solves the split. The unknowns are one price per node: given those, the services no longer meet, and any number of
 * replicas is little work. From the last solution Newton's method on smoothed conditions most often gets to this one
 * (`smoothing-newton.ts`). Where it does not, and where there is no last solution, an interior-point method comes close
 * (`interior-point.ts`) and Newton's method goes on from there. Where that, too, ends without a good certificate, the
 * interior-point method goes all the way more carefully, and a search on the dual ends it (`dual-newton.ts`). What even
 * that leaves is exchanged between pairs of replicas, from the best split of all (`pair-exchange.ts`).
 */
import type { CurvePoint } from './delay-curve.ts';
import { DualNewton } from './dual-newton.ts';
import { InteriorPoint } from './interior-point.ts';
import { createNewtonSystem } from './newton-system.ts';
import { NodePrices } from './node-prices.ts';
import { PairExchange } from './pair-exchange.ts';
import { SmoothingNewton } from './smoothing-newton.ts';
import { fitToDemand, splitEqually, type SplitProblem, violation } from './split-problem.ts';

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
  readonly #exchange: PairExchange;
  readonly #loads: Float64Array;
  readonly #prices: Float64Array;
  readonly #improved: Float64Array;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  /** The best split of those tried, by the certificate. */
  readonly #best: Float64Array;
  #certificate = 0;

  constructor(nodes: number, services: number, replicas: number) {
    const system = createNewtonSystem(nodes, services, replicas);
    const prices = new NodePrices(nodes);
    this.#smoothing = new SmoothingNewton(services, replicas, prices, system);
    this.#interior = new InteriorPoint(services, replicas, prices, system);
    this.#dual = new DualNewton(replicas, prices, system);
    this.#loads = new Float64Array(nodes);
    this.#prices = new Float64Array(nodes);
    this.#exchange = new PairExchange(nodes);
    this.#best = new Float64Array(replicas);
    this.#improved = new Float64Array(replicas);
  }

  /** Requests per second of each replica by the last solution; overwritten by the next. */
  get requests(): Float64Array {
    return this.#best;
  }

  /** Largest relative violation of the optimality conditions by the last solution. */
  get certificate(): number {
    return this.#certificate;
  }

  solve(problem: SplitProblem): void {
    this.#certificate = Infinity;
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
    for (const requests of [this.#interior.requests, this.#dual.requests]) {
      fitToDemand(problem, requests);
      if (this.#offer(problem, requests)) return;
    }
    if (this.#certificate < Infinity) this.#improved.set(this.#best);
    else splitEqually(problem, this.#improved);
    this.#exchange.solve(problem, this.#improved);
    this.#offer(problem, this.#improved);
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
    const isGood = this.#offer(problem, this.#smoothing.requests);
    if (isGood) this.#smoothing.keep(problem);
    return isGood;
  }

  /** Keeps the split if it is better than all before; a method that ends in NaN loses. Returns whether it is good. */
  #offer(problem: SplitProblem, requests: Float64Array): boolean {
    const certificate = violation(problem, requests, this.#loads, this.#prices, this.#point);
    if (certificate < this.#certificate) {
      this.#certificate = certificate;
      this.#best.set(requests);
    }
    return certificate <= GOOD;
  }
}
