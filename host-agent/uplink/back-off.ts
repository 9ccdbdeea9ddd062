/** How long to wait before trying again. */

const FIRST_MS = 100;
const MAX_MS = 2000;

/**
 * Doubles from 0.1 s to 2 s; each wait is drawn from its upper half, so that the agents of a cluster do not all come
 * back to a restarted controller in the same instant.
 */
export class BackOff {
  #random: () => number;
  #next = FIRST_MS;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The next wait, ms. */
  next(): number {
    const wait = this.#next * (0.5 + 0.5 * this.#random());
    this.#next = Math.min(MAX_MS, this.#next * 2);
    return wait;
  }

  reset(): void {
    this.#next = FIRST_MS;
  }
}
