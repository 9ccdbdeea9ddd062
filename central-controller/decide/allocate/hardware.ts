/**
 * How much more CPU the same request takes on one node than on another, whatever the service: the least squares fit of
 * `log cost = service + node` by alternating means. Where costs are a service's cost times a node's factor, the fit is
 * exact, and load over factor is what services can move between nodes without loss.
 */
import type { AllocationInput } from './allocation-input.ts';

const MOST_ROUNDS = 100;
const TOLERANCE = 1e-12;

export class Hardware {
  /** 1 over the factor, per node. */
  readonly speed: Float64Array;
  readonly #ofNode: Float64Array;
  readonly #sum: Float64Array;
  readonly #count: Float64Array;
  readonly #logCost: Float64Array;

  constructor(nodes: number, replicas: number) {
    this.speed = new Float64Array(nodes).fill(1);
    this.#ofNode = new Float64Array(nodes);
    this.#sum = new Float64Array(nodes);
    this.#count = new Float64Array(nodes);
    this.#logCost = new Float64Array(replicas);
  }

  fit({ firstReplica, node, cost }: AllocationInput): void {
    const ofNode = this.#ofNode;
    const sum = this.#sum;
    const count = this.#count;
    const logCost = this.#logCost;
    ofNode.fill(0);
    count.fill(0);
    for (let j = 0; j < node.length; j++) {
      logCost[j] = Math.log(cost[j] ?? 1);
      count[node[j] ?? 0] = (count[node[j] ?? 0] ?? 0) + 1;
    }
    for (let round = 0; round < MOST_ROUNDS; round++) {
      sum.fill(0);
      for (let s = 0; s + 1 < firstReplica.length; s++) {
        const from = firstReplica[s] ?? 0;
        const to = firstReplica[s + 1] ?? 0;
        let mean = 0;
        for (let j = from; j < to; j++) mean += ((logCost[j] ?? 0) - (ofNode[node[j] ?? 0] ?? 0)) / (to - from);
        for (let j = from; j < to; j++) {
          sum[node[j] ?? 0] = (sum[node[j] ?? 0] ?? 0) + (logCost[j] ?? 0) - mean;
        }
      }
      let moved = 0;
      for (let n = 0; n < ofNode.length; n++) {
        const next = (sum[n] ?? 0) / Math.max(1, count[n] ?? 0);
        moved = Math.max(moved, Math.abs(next - (ofNode[n] ?? 0)));
        ofNode[n] = next;
      }
      if (moved <= TOLERANCE) break;
    }
    for (let n = 0; n < ofNode.length; n++) this.speed[n] = Math.exp(-(ofNode[n] ?? 0));
  }
}
