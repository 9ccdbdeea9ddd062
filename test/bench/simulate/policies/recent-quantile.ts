/** Quantiles of the last `size` values. */
export class RecentQuantile {
  readonly #size: number;
  readonly #recent: number[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  add(value: number): void {
    this.#recent.push(value);
    if (this.#recent.length > this.#size) this.#recent.shift();
  }

  /** The least value that at least the share `rank` of them does not exceed; infinite while there are none. */
  at(rank: number): number {
    const sorted = this.#recent.toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(rank * sorted.length) - 1)] ?? Number.POSITIVE_INFINITY;
  }
}
