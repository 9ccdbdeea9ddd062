/**
 * The split's last step, where Newton's methods end short of the optimum: within one service, moves requests from a
 * replica with a high marginal cost to one with a low, as many as make the two equal, again and again (sequential
 * minimal optimisation: Platt 1998; the pair by second order: Fan, Chen and Lin 2005).
 *
 * Each exchange solves one equation in one unknown to the last bit. It therefore succeeds where costs and capacities
 * differ by so many orders of magnitude that the prices of a Newton system lose their digits. Services are visited in
 * turn, and after each round the split goes on in the direction that the round has taken (`pattern-move.ts`).
 */
import { add, at, indexAt } from './column.ts';
import { findRoot } from './bisection.ts';
import type { CurvePoint } from './delay-curve.ts';
import { PatternMove } from './pattern-move.ts';
import { evaluateLimit, evaluateNode, loadsOf, type SplitProblem } from './split-problem.ts';

/** Marginal costs of one service that differ by less, relative to the highest, count as equal. */
const TOLERANCE = 1e-9;

const MAX_SWEEPS = 100;

/** Exchanges per replica in one visit of a service. */
const EXCHANGES_PER_REPLICA = 4;

/** Marginal costs that one solution may evaluate: bounds the time that a large service takes. */
const MAX_EVALUATIONS = 1_000_000;

/** Two replicas of one service. */
interface Pair {
  /** Has the highest marginal cost of those above their floor. */
  readonly donor: number;
  /** Has the lowest marginal cost. */
  readonly taker: number;
}

export class PairExchange {
  readonly #loads: Float64Array;
  /** Per replica of the service in hand. */
  readonly #marginals: Float64Array;
  readonly #ownSlopes: Float64Array;
  readonly #nodeSlopes: Float64Array;
  readonly #pattern: PatternMove;
  /** The split before the sweep. */
  readonly #before: Float64Array;
  readonly #point: CurvePoint = { value: 0, price: 0, slope: 0 };
  /** Of the service in hand: seconds per request, per request/s away from the equal share. */
  #regularisation = 0;
  /** Of the service in hand: requests per second. */
  #equal = 0;
  #evaluations = 0;
  #ownSlope = 0;
  #nodeSlope = 0;

  constructor(nodes: number, services: number, replicas: number) {
    this.#loads = new Float64Array(nodes);
    this.#marginals = new Float64Array(replicas);
    this.#ownSlopes = new Float64Array(replicas);
    this.#nodeSlopes = new Float64Array(replicas);
    this.#pattern = new PatternMove(nodes, services, replicas);
    this.#before = new Float64Array(replicas);
  }

  /** @param requests a feasible split, in requests per second per replica; improved in place */
  solve(problem: SplitProblem, requests: Float64Array): void {
    this.#evaluations = 0;
    for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
      // Added up anew: many small changes accumulate rounding errors.
      loadsOf(problem, requests, this.#loads);
      this.#before.set(requests);
      let hasChanged = false;
      for (let s = 0; s < problem.demand.length; s++) {
        hasChanged = this.#equalise(problem, requests, s) || hasChanged;
        if (this.#evaluations > MAX_EVALUATIONS) return;
      }
      if (!hasChanged) return;
      this.#pattern.move(problem, this.#before, requests);
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

  /**
   * The pair whose exchange promises the greatest decrease, `difference^2 / curvature`, of those that have the replica
   * with the highest marginal cost as donor or the one with the lowest as taker; undefined where these two are equal.
   * By the difference alone, two replicas on one node would be exchanged with a third again and again, and never with
   * each other.
   */
  #findPair(problem: SplitProblem, requests: Float64Array, from: number, to: number): Pair | undefined {
    const marginals = this.#marginals;
    const floor = problem.floor * this.#equal;
    let highest = from;
    let lowest = from;
    let isFound = false;
    for (let j = from; j < to; j++) {
      const rate = at(requests, j);
      marginals[j] = this.#marginal(problem, j, rate, at(this.#loads, indexAt(problem.node, j)));
      this.#ownSlopes[j] = this.#ownSlope;
      this.#nodeSlopes[j] = this.#nodeSlope;
      if (at(marginals, j) < at(marginals, lowest)) lowest = j;
      if (rate > floor && (!isFound || at(marginals, j) > at(marginals, highest))) {
        highest = j;
        isFound = true;
      }
    }
    const difference = at(marginals, highest) - at(marginals, lowest);
    if (!isFound || !(difference > TOLERANCE * Math.abs(at(marginals, highest)))) return undefined;
    let best: Pair = { donor: highest, taker: lowest };
    let most = 0;
    for (let j = from; j < to; j++) {
      const pairs = [{ donor: highest, taker: j }];
      if (at(requests, j) > floor) pairs.push({ donor: j, taker: lowest });
      for (const pair of pairs) {
        const decrease = this.#decrease(problem, pair);
        if (decrease > most) {
          best = pair;
          most = decrease;
        }
      }
    }
    return best;
  }

  /** What an exchange lowers the cost by, to second order and but for the floor. */
  #decrease({ node, cost }: SplitProblem, { donor, taker }: Pair): number {
    const difference = at(this.#marginals, donor) - at(this.#marginals, taker);
    if (!(difference > 0)) return 0;
    const isSameNode = indexAt(node, donor) === indexAt(node, taker);
    const off = at(cost, donor) ** 2 * at(this.#nodeSlopes, donor);
    const on = at(cost, taker) ** 2 * at(this.#nodeSlopes, taker);
    const ofNodes = isSameNode ? (at(cost, donor) - at(cost, taker)) ** 2 * at(this.#nodeSlopes, donor) : off + on;
    return (difference * difference) / (at(this.#ownSlopes, donor) + at(this.#ownSlopes, taker) + ofNodes);
  }

  /** Makes the pair's marginal costs equal, or takes the donor to its floor. Returns whether a rate has changed. */
  #exchange(problem: SplitProblem, requests: Float64Array, pair: Pair): boolean {
    const { donor, taker } = pair;
    const given = at(requests, donor);
    const taken = at(requests, taker);
    const floor = problem.floor * this.#equal;
    const amount = findRoot(given - floor, (each) => this.#difference(problem, requests, pair, each));
    requests[donor] = amount === given - floor ? floor : given - amount;
    requests[taker] = taken + amount;
    const { node, cost } = problem;
    add(this.#loads, indexAt(node, donor), at(cost, donor) * (at(requests, donor) - given));
    add(this.#loads, indexAt(node, taker), at(cost, taker) * (at(requests, taker) - taken));
    return at(requests, donor) !== given || at(requests, taker) !== taken;
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

  /**
   * Seconds by which the total delay rises per request at this replica, given its rate and its node's load. Leaves in
   * `#ownSlope` by how much that rises per request/s, and in `#nodeSlope` the slope of the node's price.
   */
  #marginal(problem: SplitProblem, replica: number, rate: number, load: number): number {
    const point = this.#point;
    this.#evaluations += 1;
    evaluateNode(problem, indexAt(problem.node, replica), load, point);
    this.#nodeSlope = point.slope;
    this.#ownSlope = this.#regularisation;
    let marginal = at(problem.cost, replica) * point.price + at(problem.nonCpuSeconds, replica);
    marginal += this.#regularisation * (rate - this.#equal);
    if (at(problem.limit, replica) === Infinity) return marginal;
    evaluateLimit(problem, replica, rate, point);
    this.#ownSlope += point.slope;
    return marginal + point.price;
  }
}
