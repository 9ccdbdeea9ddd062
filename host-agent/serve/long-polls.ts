/** Requests that wait for the table to change. One shared tick ends them: no timer per request. */

/** Port: the connection that waits. Exactly one of `changed` and `unchanged` is called, once. */
export interface Waiter {
  readonly until: number;
  /** Whether the news of a change may wait for a later tick. */
  mayWait(now: number): boolean;
  changed(): void;
  unchanged(): void;
}

export class LongPolls {
  #waiters = new Set<Waiter>();
  /** Those for whom there is news. */
  #late = new Set<Waiter>();
  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiters.size + this.#late.size;
  }

  /** Keeps the waiter; false when there are too many already. */
  add(waiter: Waiter): boolean {
    if (this.size >= this.#limit) return false;
    this.#waiters.add(waiter);
    return true;
  }

  /** The client went away. */
  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    this.#late.delete(waiter);
  }

  /** The version rose: all are answered whose news may not wait. */
  release(now: number): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const waiter of waiters) {
      if (waiter.mayWait(now)) this.#late.add(waiter);
      else waiter.changed();
    }
  }

  /** Ends those whose time is over, and tells those of news for whom it has waited. */
  tick(now: number): void {
    for (const waiter of this.#late) {
      if (waiter.mayWait(now)) continue;
      this.#late.delete(waiter);
      waiter.changed();
    }
    for (const waiter of this.#waiters) {
      if (waiter.until > now) continue;
      this.#waiters.delete(waiter);
      waiter.unchanged();
    }
  }
}
