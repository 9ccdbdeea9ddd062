/**
 * How long a reflector waits before it asks again, and when it lists anew. A list costs the API server most of all, so
 * one that succeeds ends no back-off: only a watch that works does.
 */

/** A watch that was up for as long as the longest wait asks no more often than one that waits. */
export const LASTING_MS = 5_000;
const FIRST_WAIT_MS = 100;
const MAX_WAIT_MS = LASTING_MS;
const FAILURES_BEFORE_LIST = 3;

export class WatchBackoff {
  readonly #random: () => number;
  #failures = 0;
  #failuresSinceList = 0;
  #listsSinceLasting = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** In a row: since a watch worked. */
  get failures(): number {
    return this.#failures;
  }

  /** Going on from the version that is known has failed too often. */
  get isListDue(): boolean {
    return this.#failuresSinceList >= FAILURES_BEFORE_LIST;
  }

  listed(): void {
    this.#failuresSinceList = 0;
    this.#listsSinceLasting++;
  }

  /** A watch said something. */
  heard(): void {
    this.#failures = 0;
    this.#failuresSinceList = 0;
  }

  /** A watch was up for `LASTING_MS`. */
  lasted(): void {
    this.#failures = 0;
    this.#listsSinceLasting = 0;
  }

  /** The wait, ms, after a request that failed. The server's own word comes first, and chance on top of it. */
  failed(retryAfterMs: number): number {
    this.#failures++;
    this.#failuresSinceList++;
    return retryAfterMs + this.#wait(this.#failures);
  }

  /** The wait, ms, after a watch that was soon over without a failure. */
  brief(): number {
    return this.#wait(1);
  }

  /** The wait, ms, before the list that a version needs which is too old: none, but for one that was listed just now. */
  tooOld(): number {
    return this.#wait(this.#listsSinceLasting);
  }

  #wait(attempts: number): number {
    if (attempts === 0) return 0;
    return Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1)) * (0.5 + 0.5 * this.#random());
  }
}
