/** What the agent last asked the controller for, and whether its proxies want less by now. */

/** A stream is opened anew for fewer services no more often than this: the controller sends their changes until then. */
const FEWER_MS = 30_000;

/** What the proxies of the node want. */
export interface Wanted {
  readonly wanted: Iterable<string>;
  /** Some proxy wants all services. */
  readonly wantsAll: boolean;
}

export class Wishes {
  readonly #source: Wanted;
  readonly #now: () => number;
  #asked: ReadonlySet<string> = new Set();
  #askedAll = false;
  #checkedAt = -Infinity;

  constructor(source: Wanted, now: () => number) {
    this.#source = source;
    this.#now = now;
  }

  /** All that is wanted now; it counts as asked for. */
  take(): { readonly all: boolean; readonly services: ReadonlySet<string> } {
    this.#asked = new Set(this.#source.wanted);
    this.#askedAll = this.#source.wantsAll;
    this.#checkedAt = this.#now();
    return { all: this.#askedAll, services: this.#asked };
  }

  /** Something that was asked for is wanted no longer. */
  areFewer(): boolean {
    if (this.#now() - this.#checkedAt < FEWER_MS) return false;
    this.#checkedAt = this.#now();
    const wanted = new Set(this.#source.wanted);
    return (this.#askedAll && !this.#source.wantsAll) || [...this.#asked].some((key) => !wanted.has(key));
  }
}
