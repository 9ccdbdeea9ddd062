/** Makes a raw reading into a counter that a report may hold: a number that never falls and is never NaN. */

/**
 * Adds up the rises of a raw counter since its first reading. After a reading that fell (the group was made anew, the
 * process id was used again) the counter goes on from there. A reading that is no number changes nothing.
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
}

/** Seconds with no more digits than the sources have (1 us), which keeps reports short. */
export function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
