/** The highest rate that a balancer carries: a bisection, in fractions of what the nodes can carry. */

/** The bounds of the search, which are not tried. */
const LOW = 0.2;
const HIGH = 1.2;
export const PROBES = 5;

export class RateSearch {
  #carried = LOW;
  #refused = HIGH;

  /** The next rate to try. */
  get next(): number {
    return (this.#carried + this.#refused) / 2;
  }

  /** The highest rate so far that was carried. */
  get carried(): number {
    return this.#carried;
  }

  /** @param carried whether the `next` rate was carried */
  tell(carried: boolean): void {
    const tried = this.next;
    if (carried) this.#carried = tried;
    else this.#refused = tried;
  }
}
