/** Quantiles of the last `size` values. */
export class RecentQuantile {
  readonly #recent: Float64Array;
  #added = 0;

  constructor(size: number) {
    this.#recent = new Float64Array(size);
  }

  add(value: number): void {
    this.#recent[this.#added++ % this.#recent.length] = value;
  }

  /** The least value that at least the fraction `rank` of them does not exceed; infinite without values. */
  at(rank: number): number {
    const sorted = this.#recent.subarray(0, this.#added).toSorted();
    return sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)] ?? Number.POSITIVE_INFINITY;
  }
}
