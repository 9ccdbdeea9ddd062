/** Bounds the memory of a replica: of all uploads that arrive or wait, and of the one picture that is converted. */

/** Minimum that a request counts with, since a small one costs more memory than its bytes. */
const MIN_BYTES = 1 << 20;

export class Intake {
  readonly #maxBytes: number;
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Reserves memory for an upload. The returned function releases it; undefined if there is not enough left. */
  enter(bytes: number): (() => void) | undefined {
    const room = Math.max(bytes, MIN_BYTES);
    if (this.#held + room > this.#maxBytes) return undefined;
    this.#held += room;
    let isReleased = false;
    return () => {
      if (!isReleased) this.#held -= room;
      isReleased = true;
    };
  }
}

/** A queue that runs one job at a time, so that a replica holds one decoded picture at most. */
export function oneAtATime(): <T>(job: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const result = last.then(job);
    last = result.catch(() => undefined);
    return result;
  };
}
