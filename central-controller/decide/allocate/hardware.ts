/**
 * How much more CPU a request takes on one node than on another, for any service: the least squares fit of
 * `log cost = service + node`, by alternating means. The fit is exact when each cost is a factor of the service times a
 * factor of the node. Then the load of a node over its factor is what services can move between nodes without loss.
 */
import { add, at, indexAt } from './column.ts';
import type { AllocationInput } from './allocation-input.ts';

const MAX_ROUNDS = 100;
const TOLERANCE = 1e-12;

export class Hardware {
  /** 1 over the factor of the node, per node. */
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
      logCost[j] = Math.log(at(cost, j));
      add(count, indexAt(node, j), 1);
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      sum.fill(0);
      for (let s = 0; s + 1 < firstReplica.length; s++) {
        const from = indexAt(firstReplica, s);
        const to = indexAt(firstReplica, s + 1);
        let mean = 0;
        for (let j = from; j < to; j++) mean += (at(logCost, j) - at(ofNode, indexAt(node, j))) / (to - from);
        for (let j = from; j < to; j++) {
          add(sum, indexAt(node, j), at(logCost, j) - mean);
        }
      }
      let moved = 0;
      for (let n = 0; n < ofNode.length; n++) {
        const next = at(sum, n) / Math.max(1, at(count, n));
        moved = Math.max(moved, Math.abs(next - at(ofNode, n)));
        ofNode[n] = next;
      }
      if (moved <= TOLERANCE) break;
    }
    for (let n = 0; n < ofNode.length; n++) this.speed[n] = Math.exp(-at(ofNode, n));
  }
}
