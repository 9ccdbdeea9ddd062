/** A split to start from: proportional fitting (Deming and Stephan 1940) of the replicas' rates to level nodes. */
import { loadsOf, type SplitProblem } from './split-problem.ts';

/** Enough for no node to be far beyond the others. */
const FITTING_ROUNDS = 10;

/** Splits that use nodes about alike: each replica's rate is scaled as its node's load should be, again and again. */
export function splitRoughly(problem: SplitProblem, requests: Float64Array, loads: Float64Array): void {
  const { node, cost, limit, start, demand, capacity, background } = problem;
  requests.fill(1);
  let total = 0;
  let used = 0;
  for (let round = 0; round <= FITTING_ROUNDS; round++) {
    for (let s = 0; s < demand.length; s++) {
      const from = start[s] ?? 0;
      const to = start[s + 1] ?? 0;
      const rate = demand[s] ?? 0;
      let sum = 0;
      for (let j = from; j < to; j++) {
        const most = (0.7 * (limit[j] ?? Infinity)) / (cost[j] ?? 1);
        const least = (0.01 * rate) / (to - from);
        const wanted = round === 0 ? rate / (to - from) : (requests[j] ?? 0) * (loads[node[j] ?? 0] ?? 0);
        requests[j] = Math.max(least, Math.min(most, wanted));
        sum += requests[j] ?? 0;
      }
      for (let j = from; j < to; j++) requests[j] = ((requests[j] ?? 0) / sum) * rate;
    }
    loadsOf(problem, requests, loads);
    if (round === 0) {
      for (let n = 0; n < loads.length; n++) {
        if (loads[n] === background[n]) continue;
        total += capacity[n] ?? 0;
        used += loads[n] ?? 0;
      }
    }
    for (let n = 0; n < loads.length; n++) {
      const own = (loads[n] ?? 0) - (background[n] ?? 0);
      const wanted = (capacity[n] ?? 0) * (used / total) - (background[n] ?? 0);
      loads[n] = own > 0 ? Math.max(0.01 * (capacity[n] ?? 0), wanted) / own : 1;
    }
  }
}
