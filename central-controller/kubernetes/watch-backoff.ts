/**
 * How long a reflector waits before its next request, and when it lists again. A list costs the API server most, so a
 * list that succeeds does not reset the back-off: only a watch that works does.
 */

/** A watch that was open for the longest wait costs no more requests than waiting. */
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

  /** Since a watch last worked. */
  get failures(): number {
    return this.#failures;
  }

  /** Watching from the known version has failed too often. */
  get isListDue(): boolean {
    return this.#failuresSinceList >= FAILURES_BEFORE_LIST;
  }

  listed(): void {
    this.#failuresSinceList = 0;
    this.#listsSinceLasting++;
  }

  /** A watch delivered an event. */
  received(): void {
    this.#failures = 0;
    this.#failuresSinceList = 0;
  }

  /** A watch was open for `LASTING_MS`. */
  lasted(): void {
    this.#failures = 0;
    this.#listsSinceLasting = 0;
  }

  /** The wait, ms, after a request that failed: the server's Retry-After, and a random part on top. */
  failed(retryAfterMs: number): number {
    this.#failures++;
    this.#failuresSinceList++;
    return retryAfterMs + this.#wait(this.#failures);
  }

  /** The wait, ms, after a watch that ended soon without a failure. */
  brief(): number {
    return this.#wait(1);
  }

  /** The wait, ms, before the list after a 410: none unless the version was listed a moment ago. */
  tooOld(): number {
    return this.#wait(this.#listsSinceLasting);
  }

  #wait(attempts: number): number {
    if (attempts === 0) return 0;
    return Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempts - 1)) * (0.5 + 0.5 * this.#random());
  }
}
