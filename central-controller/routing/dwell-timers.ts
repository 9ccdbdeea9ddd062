/** Dwell timers: since when each fact has been true, for plans that wait before they act. Pure: time is passed in. */

/** Start of each running timer, ms of the controller's clock. */
export type DwellStarts = ReadonlyMap<string, number>;

/** The timers of one plan. A timer that the plan does not ask about, or whose fact is false, is reset. */
export class DwellTimers {
  readonly #before: DwellStarts | undefined;
  readonly #now: number;
  readonly #starts = new Map<string, number>();
  #nextAt = Infinity;

  /** @param before `starts` of the previous plan; undefined for the first plan of a process */
  constructor(before: DwellStarts | undefined, now: number) {
    this.#before = before;
    this.#now = now;
  }

  get starts(): DwellStarts {
    return this.#starts;
  }

  /** When the next timer runs out if its fact stays true; Infinity: no timer runs. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /**
   * Has the fact been true for `ms`?
   * @param atFirst how old a fact is that is true in the first plan of a process: `always` counts as older than `ms`,
   *   `now` starts its timer
   */
  hasRunOut(fact: string, isTrue: boolean, ms: number, atFirst: 'always' | 'now'): boolean {
    if (!isTrue) return false;
    const first = this.#before === undefined && atFirst === 'always' ? -Infinity : this.#now;
    const start = this.#before?.get(fact) ?? first;
    this.#starts.set(fact, start);
    const at = start + ms;
    if (this.#now >= at) return true;
    this.#nextAt = Math.min(this.#nextAt, at);
    return false;
  }
}
