/**
 * Solves the split by the fastest method that reaches its optimum, and returns the best split of all methods tried.
 *
 * 1. Newton's method on smoothed conditions from the last solution (`smoothing-newton.ts`): enough in most ticks.
 * 2. An interior-point method, warm and then cold, that comes close, and Newton's method from there
 *    (`interior-point.ts`).
 * 3. The interior-point method with exact steps, and Newton's method with line search on the dual (`dual-newton.ts`).
 * 4. Exchanges between pairs of replicas, from the best split so far (`pair-exchange.ts`).
 *
 * All but the last have one unknown per node, its price: given the prices, the services are independent.
 */
import type { CurvePoint } from './delay-curve.ts';
import { DualNewton } from './dual-newton.ts';
import { InteriorPoint } from './interior-point.ts';
import { createNewtonSystem } from './newton-system.ts';
import { NodePrices } from './node-prices.ts';
import { PairExchange } from './pair-exchange.ts';
import { SmoothingNewton } from './smoothing-newton.ts';
import { fitToDemand, kktResidual, splitEqually, type SplitProblem } from './split-problem.ts';

/** A split with a KKT residual up to this is the solution. */
const MAX_RESIDUAL = 5e-7;

/** First smoothing of Newton's method from the last solution, and from where the interior-point method ends. */
const WARM_SMOOTHING = 1e-4;
const PATH_SMOOTHING = 1e-6;

/**
 * Relative accuracy of the Newton systems of the interior-point method: on the way to Newton's method, and on its own.
 */
const LOOSE_ACCURACY = 1e-2;
const TIGHT_ACCURACY = 1e-8;

/** Solves problems of one size, each from the solution of the one before, without allocating memory. */
export class SplitSolver {
  readonly #smoothing: SmoothingNewton;
  readonly #interior: InteriorPoint;
  readonly #dual: DualNewton;
  readonly #exchange: PairExchange;
  readonly #loads: Float64Array;
  readonly #prices: Float64Array;
  readonly #improved: Float64Array;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  /** The split with the smallest KKT residual of those tried. */
  readonly #best: Float64Array;
  #residual = 0;

  constructor(nodes: number, services: number, replicas: number) {
    const system = createNewtonSystem(nodes, services, replicas);
    const prices = new NodePrices(nodes);
    this.#smoothing = new SmoothingNewton(services, replicas, prices, system);
    this.#interior = new InteriorPoint(services, replicas, prices, system);
    this.#dual = new DualNewton(replicas, prices, system);
    this.#loads = new Float64Array(nodes);
    this.#prices = new Float64Array(nodes);
    this.#exchange = new PairExchange(nodes, services, replicas);
    this.#best = new Float64Array(replicas);
    this.#improved = new Float64Array(replicas);
  }

  /** Requests per second of each replica in the last solution; the next one overwrites them. */
  get requests(): Float64Array {
    return this.#best;
  }

  /** KKT residual of the last solution. */
  get residual(): number {
    return this.#residual;
  }

  solve(problem: SplitProblem): void {
    this.#residual = Infinity;
    if (this.#smoothing.restore(problem)) {
      if (this.#newton(problem, WARM_SMOOTHING)) return;
      this.#smoothing.restore(problem);
      this.#smoothing.toCentralPath(problem, this.#interior.slack, this.#interior.multiplier);
      if (this.#interiorThenNewton(problem, true)) return;
    }
    if (this.#interiorThenNewton(problem, false)) return;
    this.#interior.solve(problem, false, TIGHT_ACCURACY);
    this.#dual.solve(problem, this.#interior.requests);
    for (const requests of [this.#interior.requests, this.#dual.requests]) {
      fitToDemand(problem, requests);
      if (this.#offer(problem, requests)) return;
    }
    if (this.#residual < Infinity) this.#improved.set(this.#best);
    else splitEqually(problem, this.#improved);
    this.#exchange.solve(problem, this.#improved);
    this.#offer(problem, this.#improved);
  }

  /** Returns whether the interior-point method and then Newton's method reach the solution. */
  #interiorThenNewton(problem: SplitProblem, isWarm: boolean): boolean {
    this.#interior.solve(problem, isWarm, LOOSE_ACCURACY);
    this.#smoothing.fromCentralPath(problem, this.#interior.slack, this.#interior.multiplier);
    return this.#newton(problem, PATH_SMOOTHING);
  }

  /** Returns whether Newton's method reaches the solution, which the next problem then starts from. */
  #newton(problem: SplitProblem, smoothing: number): boolean {
    this.#smoothing.solve(problem, smoothing);
    const isSolved = this.#offer(problem, this.#smoothing.requests);
    if (isSolved) this.#smoothing.save(problem);
    return isSolved;
  }

  /** Keeps the split if it is the best so far, which NaN never is. Returns whether it is the solution. */
  #offer(problem: SplitProblem, requests: Float64Array): boolean {
    const residual = kktResidual(problem, requests, this.#loads, this.#prices, this.#point);
    if (residual < this.#residual) {
      this.#residual = residual;
      this.#best.set(requests);
    }
    return residual <= MAX_RESIDUAL;
  }
}
