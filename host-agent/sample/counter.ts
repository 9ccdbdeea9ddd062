/** A raw reading made into what the contract promises: a number that never falls, never jumps back and is never NaN. */

/**
 * Adds up the rises of a raw counter from the first reading on. A reading that falls (a group made anew under the
 * same name, a reused process id) is where counting starts again; one that is no number changes nothing.
 */
export class RisingCounter {
  #last: number | undefined;
  #total = 0;

  /** Sum of all rises so far, in the unit of the readings. */
  get total(): number {
    return this.#total;
  }

  observe(raw: number | undefined): void {
    if (raw === undefined || !Number.isFinite(raw) || raw < 0) return;
    if (this.#last !== undefined && raw > this.#last) this.#total += raw - this.#last;
    this.#last = raw;
  }

  /** The next reading is where counting goes on from: what the counter sums up has changed. */
  rebase(): void {
    this.#last = undefined;
  }
}

/** Seconds with no more digits than the sources have (1 us), so that reports stay short. */
export function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
