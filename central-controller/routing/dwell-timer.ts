/** How long things have been as they are, for plans that have to wait. Pure: time is passed in. */

/** Since when each fact has been true, ms of the controller's clock. */
export type SinceWhen = ReadonlyMap<string, number>;

/** One look at the facts: those that are asked for and true are remembered for the next look, others are forgotten. */
export class Waiting {
  readonly #before: SinceWhen | undefined;
  readonly #now: number;
  readonly #since = new Map<string, number>();
  #nextAt = Infinity;

  /** @param before what the look before remembered; undefined at the very first */
  constructor(before: SinceWhen | undefined, now: number) {
    this.#before = before;
    this.#now = now;
  }

  get since(): SinceWhen {
    return this.#since;
  }

  /** When the next fact will have lasted as long as it was asked to, if it stays true; Infinity: nothing waits. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /**
   * Has it been so for `ms`?
   * @param atFirst since when it has been so if that is seen at the very first look: with `always` it counts as older
   *   than the controller, with `now` it may have become so just now
   */
  lasted(fact: string, isSo: boolean, ms: number, atFirst: 'always' | 'now'): boolean {
    if (!isSo) return false;
    const first = this.#before === undefined && atFirst === 'always' ? -Infinity : this.#now;
    const since = this.#before?.get(fact) ?? first;
    this.#since.set(fact, since);
    const at = since + ms;
    if (this.#now >= at) return true;
    this.#nextAt = Math.min(this.#nextAt, at);
    return false;
  }
}
