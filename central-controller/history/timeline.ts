/** Time in steps, of which the last ones have a slot each in a ring: nothing grows and nothing is moved. */

/** Length of a step. */
export const STEP_MS = 2_000;

/** Steps that are kept: ten minutes. */
export const STEPS = 300;

export class Timeline {
  /** The step whose figures each slot holds. */
  readonly #stepOfSlot = new Float64Array(STEPS).fill(-1);
  #newest = -1;

  /** The step that is being filled; -1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Slot of the step that is being filled. */
  get slot(): number {
    return this.#newest % STEPS;
  }

  /** Moves on to the step that holds `at`; false when it is there already. */
  advance(at: number): boolean {
    const step = Math.floor(at / STEP_MS);
    if (step === this.#newest) return false;
    this.#newest = step;
    this.#stepOfSlot[step % STEPS] = step;
    return true;
  }

  /** Slots of the steps that lie wholly between two times, oldest first; steps that were skipped have none. */
  slots(from = 0, to = Infinity): number[] {
    const first = Math.max(Math.ceil(from / STEP_MS), this.#newest - STEPS + 1, 0);
    const last = Math.min(Math.floor(to / STEP_MS) - 1, this.#newest);
    const slots: number[] = [];
    for (let step = first; step <= last; step++) {
      if (this.#stepOfSlot[step % STEPS] === step) slots.push(step % STEPS);
    }
    return slots;
  }

  /** When the step in a slot began, ms. */
  timeOf(slot: number): number {
    return (this.#stepOfSlot[slot] ?? -1) * STEP_MS;
  }
}
