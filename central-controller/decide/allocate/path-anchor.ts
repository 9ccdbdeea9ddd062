/** A point of the central path from which the next problem's path is soon reached. */
import type { SplitProblem } from './split-problem.ts';

/** Requests/s above the floor times seconds, by which products of the service's replicas are measured. */
export function usualProduct({ start, demand, pull }: SplitProblem, service: number): number {
  const replicas = (start[service + 1] ?? 0) - (start[service] ?? 0);
  if (replicas === 0) return 1;
  const equal = (demand[service] ?? 0) / replicas;
  // The pull is a part of the service's cost, and how large a part need not be known well.
  return 10 * (pull[service] ?? 0) * equal * equal;
}

/** Remembers rates and prices as parts of what is usual, so that they fit other demands. */
export class PathAnchor {
  readonly #share: Float64Array;
  readonly #price: Float64Array;
  #replicas = 0;

  constructor(replicas: number) {
    this.#share = new Float64Array(replicas);
    this.#price = new Float64Array(replicas);
  }

  keep(problem: SplitProblem, above: Float64Array, held: Float64Array): void {
    const { start, demand } = problem;
    this.#replicas = start[demand.length] ?? 0;
    for (let s = 0; s < demand.length; s++) {
      const from = start[s] ?? 0;
      const to = start[s + 1] ?? 0;
      const equal = (demand[s] ?? 0) / (to - from);
      const usual = usualProduct(problem, s) / equal;
      for (let j = from; j < to; j++) {
        this.#share[j] = (above[j] ?? 0) / equal;
        this.#price[j] = (held[j] ?? 0) / usual;
      }
    }
  }

  /** Leaves what was kept in the two columns, unless that was for another number of replicas. */
  recall(problem: SplitProblem, above: Float64Array, held: Float64Array): boolean {
    const { start, demand } = problem;
    if (this.#replicas === 0 || this.#replicas !== start[demand.length]) return false;
    for (let s = 0; s < demand.length; s++) {
      const from = start[s] ?? 0;
      const to = start[s + 1] ?? 0;
      const equal = (demand[s] ?? 0) / (to - from);
      const usual = usualProduct(problem, s) / equal;
      for (let j = from; j < to; j++) {
        above[j] = (this.#share[j] ?? 0) * equal;
        held[j] = (this.#price[j] ?? 0) * usual;
      }
    }
    return true;
  }
}
