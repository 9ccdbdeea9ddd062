/** Requests that wait for the table to change. One shared tick ends them: no timer per request. */

/** Port: the connection that waits. Exactly one of the two is called, once. */
export interface Waiter {
  readonly until: number;
  changed(): void;
  unchanged(): void;
}

export class LongPolls {
  #waiters = new Set<Waiter>();
  #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Keeps the waiter; false when there are too many already. */
  add(waiter: Waiter): boolean {
    if (this.#waiters.size >= this.#limit) return false;
    this.#waiters.add(waiter);
    return true;
  }

  /** The client went away. */
  remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
  }

  /** The version rose: all are answered. */
  release(): void {
    const waiters = this.#waiters;
    this.#waiters = new Set();
    for (const waiter of waiters) waiter.changed();
  }

  /** Ends those whose time is over. */
  tick(now: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.until > now) continue;
      this.#waiters.delete(waiter);
      waiter.unchanged();
    }
  }
}
