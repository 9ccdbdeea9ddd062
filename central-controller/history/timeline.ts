/** Time in steps. The last ones have a slot each in a ring, so nothing grows and nothing is moved. */
export class Timeline {
  readonly stepMs: number;
  /** Steps that are kept. */
  readonly steps: number;
  /** The step that each slot holds. */
  readonly #stepOfSlot: Float64Array;
  #newest = -1;

  constructor(stepMs: number, steps: number) {
    this.stepMs = stepMs;
    this.steps = steps;
    this.#stepOfSlot = new Float64Array(steps).fill(-1);
  }

  /** The step that is being filled; -1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Slot of the step that is being filled. */
  get slot(): number {
    return Math.max(0, this.#newest) % this.steps;
  }

  /** Whether `at` lies in another step than the one that is being filled. */
  isNew(at: number): boolean {
    return Math.floor(at / this.stepMs) !== this.#newest;
  }

  /** Moves to the step that contains `at`. Returns false when it is there already. */
  advance(at: number): boolean {
    const step = Math.floor(at / this.stepMs);
    if (step === this.#newest) return false;
    this.#newest = step;
    this.#stepOfSlot[step % this.steps] = step;
    return true;
  }

  /** Slots of the steps that lie wholly between two times, oldest first. Steps that were skipped have none. */
  slots(from = 0, to = Infinity): number[] {
    const first = Math.max(Math.ceil(from / this.stepMs), this.#newest - this.steps + 1, 0);
    const last = Math.min(Math.floor(to / this.stepMs) - 1, this.#newest);
    const slots: number[] = [];
    for (let step = first; step <= last; step++) {
      if (this.#stepOfSlot[step % this.steps] === step) slots.push(step % this.steps);
    }
    return slots;
  }

  /** When the step in a slot began, ms. */
  timeOf(slot: number): number {
    return (this.#stepOfSlot[slot] ?? -1) * this.stepMs;
  }
}
