/** Bounds the memory of all uploads that are under way or wait for their conversion. */

/** What a small request counts as: it costs more than its bytes. */
const MIN_BYTES = 1 << 20;

export class Intake {
  readonly #maxBytes: number;
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Room for an upload of at most so many bytes, to be given back by the function; undefined when there is none. */
  enter(bytes: number): (() => void) | undefined {
    const room = Math.max(bytes, MIN_BYTES);
    if (this.#held + room > this.#maxBytes) return undefined;
    this.#held += room;
    let isBack = false;
    return () => {
      if (!isBack) this.#held -= room;
      isBack = true;
    };
  }
}

export function oneAtATime(): <T>(job: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const result = last.then(job);
    last = result.catch(() => undefined);
    return result;
  };
}
