/**
 * A starting split: proportional fitting (Deming and Stephan 1940) of the rates, so that nodes are about equally used.
 */
import { at, indexAt } from './column.ts';
import { loadsOf, type SplitProblem } from './split-problem.ts';

const FITTING_ROUNDS = 10;

/** In each round, scales each rate by what its node's load should be over what it is. */
export function splitRoughly(problem: SplitProblem, requests: Float64Array, loads: Float64Array): void {
  const { node, cost, limit, start, demand, capacity, background } = problem;
  requests.fill(1);
  let total = 0;
  let used = 0;
  for (let round = 0; round <= FITTING_ROUNDS; round++) {
    for (let s = 0; s < demand.length; s++) {
      const from = indexAt(start, s);
      const to = indexAt(start, s + 1);
      const rate = at(demand, s);
      let sum = 0;
      for (let j = from; j < to; j++) {
        const most = (0.7 * at(limit, j)) / at(cost, j);
        const least = (0.01 * rate) / (to - from);
        const wanted = round === 0 ? rate / (to - from) : at(requests, j) * at(loads, indexAt(node, j));
        requests[j] = Math.max(least, Math.min(most, wanted));
        sum += at(requests, j);
      }
      for (let j = from; j < to; j++) requests[j] = (at(requests, j) / sum) * rate;
    }
    loadsOf(problem, requests, loads);
    if (round === 0) {
      for (let n = 0; n < loads.length; n++) {
        if (loads[n] === background[n]) continue;
        total += at(capacity, n);
        used += at(loads, n);
      }
    }
    for (let n = 0; n < loads.length; n++) {
      const replicaLoad = at(loads, n) - at(background, n);
      const wanted = at(capacity, n) * (used / total) - at(background, n);
      loads[n] = replicaLoad > 0 ? Math.max(0.01 * at(capacity, n), wanted) / replicaLoad : 1;
    }
  }
}
