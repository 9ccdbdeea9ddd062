/**
 * The split's last step where Newton's methods end short of the optimum: within one service, move requests from the
 * replica with the highest marginal cost to the one with the lowest, as many as make the two equal, again and again
 * (sequential minimal optimisation with the maximal violating pair: Keerthi, Shevade, Bhattacharyya and Murthy 2001).
 *
 * Each exchange solves one equation in one unknown to the last bit. It therefore succeeds where costs and capacities
 * differ by so many orders of magnitude that the prices of a Newton system lose their digits. It converges slowly where
 * services are strongly coupled, so it comes after the Newton methods, not instead of them.
 */
import { add, at, indexAt } from './column.ts';
import type { CurvePoint } from './delay-curve.ts';
import { evaluateLimit, evaluateNode, loadsOf, type SplitProblem } from './split-problem.ts';

/** Marginal costs of one service that differ by less, relative to the highest, count as equal. */
const TOLERANCE = 1e-9;

const MAX_SWEEPS = 100;

/** Exchanges per replica in one visit of a service. */
const EXCHANGES_PER_REPLICA = 4;

/** Marginal costs that one solution may evaluate: bounds the time that a large service takes. */
const MAX_EVALUATIONS = 1_000_000;

const MAX_ROOT_ROUNDS = 200;

/** Two replicas of one service. */
interface Pair {
  /** Has the highest marginal cost of those above their floor. */
  readonly donor: number;
  /** Has the lowest marginal cost. */
  readonly taker: number;
}

export class PairExchange {
  readonly #loads: Float64Array;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  /** Of the service in hand: seconds per request, per request/s away from the equal share. */
  #regularisation = 0;
  /** Of the service in hand: requests per second. */
  #equal = 0;
  #evaluations = 0;

  constructor(nodes: number) {
    this.#loads = new Float64Array(nodes);
  }

  /** @param requests a feasible split, in requests per second per replica; improved in place */
  solve(problem: SplitProblem, requests: Float64Array): void {
    this.#evaluations = 0;
    for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
      // Added up anew: many small changes accumulate rounding errors.
      loadsOf(problem, requests, this.#loads);
      let hasChanged = false;
      for (let s = 0; s < problem.demand.length; s++) {
        hasChanged = this.#equalise(problem, requests, s) || hasChanged;
        if (this.#evaluations > MAX_EVALUATIONS) return;
      }
      if (!hasChanged) return;
    }
  }

  /** Exchanges within one service until its marginal costs are equal. Returns whether a rate has changed. */
  #equalise(problem: SplitProblem, requests: Float64Array, service: number): boolean {
    const from = indexAt(problem.start, service);
    const to = indexAt(problem.start, service + 1);
    this.#regularisation = at(problem.regularisation, service);
    this.#equal = at(problem.demand, service) / (to - from);
    let exchanges = 0;
    for (; exchanges < EXCHANGES_PER_REPLICA * (to - from); exchanges++) {
      const pair = this.#findPair(problem, requests, from, to);
      if (!pair || !this.#exchange(problem, requests, pair)) break;
    }
    return exchanges > 0;
  }

  #findPair(problem: SplitProblem, requests: Float64Array, from: number, to: number): Pair | undefined {
    const floor = problem.floor * this.#equal;
    let highest = -Infinity;
    let lowest = Infinity;
    let donor = from;
    let taker = from;
    for (let j = from; j < to; j++) {
      const rate = at(requests, j);
      const load = at(this.#loads, indexAt(problem.node, j));
      const marginal = this.#marginal(problem, j, rate, load);
      if (marginal < lowest) {
        lowest = marginal;
        taker = j;
      }
      if (rate > floor && marginal > highest) {
        highest = marginal;
        donor = j;
      }
    }
    return highest - lowest > TOLERANCE * Math.abs(highest) ? { donor, taker } : undefined;
  }

  /** Makes the pair's marginal costs equal, or takes the donor to its floor. Returns whether a rate has changed. */
  #exchange(problem: SplitProblem, requests: Float64Array, pair: Pair): boolean {
    const { donor, taker } = pair;
    const given = at(requests, donor);
    const taken = at(requests, taker);
    const floor = problem.floor * this.#equal;
    const amount = this.#findAmount(problem, requests, pair, given - floor);
    requests[donor] = amount === given - floor ? floor : given - amount;
    requests[taker] = taken + amount;
    const { node, cost } = problem;
    add(this.#loads, indexAt(node, donor), at(cost, donor) * (at(requests, donor) - given));
    add(this.#loads, indexAt(node, taker), at(cost, taker) * (at(requests, taker) - taken));
    return at(requests, donor) !== given || at(requests, taker) !== taken;
  }

  /** The exchange in requests per second, at most `most`, after which marginal costs are equal: bisection to the bit. */
  #findAmount(problem: SplitProblem, requests: Float64Array, pair: Pair, most: number): number {
    if (this.#difference(problem, requests, pair, most) >= 0) return most;
    let low = 0;
    let high = most;
    for (let round = 0; round < MAX_ROOT_ROUNDS; round++) {
      // Amounts span many orders of magnitude: halve the exponent until both ends have the same one.
      const middle = low > 0 && high > 4 * low ? Math.sqrt(low) * Math.sqrt(high) : (low + high) / 2;
      if (middle === low || middle === high) break;
      if (this.#difference(problem, requests, pair, middle) > 0) low = middle;
      else high = middle;
    }
    return high;
  }

  /** By how much the donor's marginal cost exceeds the taker's after an exchange of `amount`; falls with it. */
  #difference(problem: SplitProblem, requests: Float64Array, { donor, taker }: Pair, amount: number): number {
    const { node, cost } = problem;
    const isSameNode = indexAt(node, donor) === indexAt(node, taker);
    const off = at(cost, donor) * amount;
    const on = at(cost, taker) * amount;
    const donorLoad = at(this.#loads, indexAt(node, donor)) + (isSameNode ? on - off : -off);
    const takerLoad = isSameNode ? donorLoad : at(this.#loads, indexAt(node, taker)) + on;
    const high = this.#marginal(problem, donor, at(requests, donor) - amount, donorLoad);
    return high - this.#marginal(problem, taker, at(requests, taker) + amount, takerLoad);
  }

  /** Seconds by which the total delay rises per request at this replica, given its rate and its node's load. */
  #marginal(problem: SplitProblem, replica: number, rate: number, load: number): number {
    const point = this.#point;
    this.#evaluations += 1;
    evaluateNode(problem, indexAt(problem.node, replica), load, point);
    let marginal = at(problem.cost, replica) * point.price + at(problem.nonCpuSeconds, replica);
    marginal += this.#regularisation * (rate - this.#equal);
    if (at(problem.limit, replica) === Infinity) return marginal;
    evaluateLimit(problem, replica, rate, point);
    return marginal + point.price;
  }
}
