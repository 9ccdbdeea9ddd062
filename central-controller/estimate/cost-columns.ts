/** CPU per request of a service's replicas, a column each. Used for one service after the other. */
export class CostColumns {
  size = 0;
  /** By the replica's own windows. */
  seconds = new Float64Array(0);
  variance = new Float64Array(0);
  /** Requests that `seconds` rests on. Old ones count less, and those whose CPU may have been idle CPU. */
  evidence = new Float64Array(0);
  /** Requests that were counted, old ones less. */
  counted = new Float64Array(0);
  /** How fast the replica's node ought to be, in the mean of the service's nodes; 1 where nothing is known. */
  speed = new Float64Array(0);
  /** With what the other replicas tell. */
  pooled = new Float64Array(0);
  /** Standard error of `pooled`. */
  deviation = new Float64Array(0);

  resize(size: number): void {
    this.size = size;
    if (size > this.seconds.length) this.#grow(size);
    this.speed.fill(1, 0, size);
  }

  #grow(size: number): void {
    this.seconds = new Float64Array(size);
    this.variance = new Float64Array(size);
    this.evidence = new Float64Array(size);
    this.counted = new Float64Array(size);
    this.speed = new Float64Array(size);
    this.pooled = new Float64Array(size);
    this.deviation = new Float64Array(size);
  }
}
