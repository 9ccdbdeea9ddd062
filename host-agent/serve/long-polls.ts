/** Requests that wait for news of some services. One shared tick ends them: no timer for each. */

export interface Waiter {
  /** Monotonic clock, ms. */
  readonly until: number;
  /** Services whose news it waits for; undefined: any. */
  readonly keys: readonly string[] | undefined;
  /** There may be news; true when it was answered. */
  changed(): boolean;
  /** Its time is over: answers it without news. */
  unchanged(): void;
}

export class LongPolls {
  readonly #waiters = new Set<Waiter>();
  readonly #byKey = new Map<string, Set<Waiter>>();
  readonly #limit: number;

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
    for (const key of waiter.keys ?? []) {
      const waiters = this.#byKey.get(key);
      if (waiters === undefined) this.#byKey.set(key, new Set([waiter]));
      else waiters.add(waiter);
    }
    return true;
  }

  /** The client went away, or was answered. */
  remove(waiter: Waiter): void {
    if (!this.#waiters.delete(waiter)) return;
    for (const key of waiter.keys ?? []) {
      const waiters = this.#byKey.get(key);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.#byKey.delete(key);
    }
  }

  /** These services changed. */
  release(keys: Iterable<string>): void {
    const waiters = new Set<Waiter>();
    for (const key of keys) for (const waiter of this.#byKey.get(key) ?? []) waiters.add(waiter);
    this.#offer(waiters);
  }

  /** Anything may have changed. */
  releaseAll(): void {
    this.#offer(new Set(this.#waiters));
  }

  /** Ends those whose time is over. */
  tick(now: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.until > now) continue;
      this.remove(waiter);
      waiter.unchanged();
    }
  }

  #offer(waiters: ReadonlySet<Waiter>): void {
    for (const waiter of waiters) if (this.#waiters.has(waiter) && waiter.changed()) this.remove(waiter);
  }
}
