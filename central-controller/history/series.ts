/** Some figures of one thing, step by step. */
import { STEPS } from './timeline.ts';

/** What a figure is rounded to when it is read: finer than any page shows, and half as much to send. */
const DECIMALS = 1e6;

export class Series {
  /** Figure after figure, each with one value a slot; NaN: not known. */
  readonly #values: Float32Array;
  /** The last step that had a value. */
  lastStep = -1;

  constructor(figures: number) {
    this.#values = new Float32Array(figures * STEPS).fill(NaN);
  }

  /** What a series of so many figures takes, bytes. */
  static bytes(figures: number): number {
    return figures * STEPS * Float32Array.BYTES_PER_ELEMENT;
  }

  clear(slot: number): void {
    for (let at = slot; at < this.#values.length; at += STEPS) this.#values[at] = NaN;
  }

  set(slot: number, figure: number, value: number): void {
    this.#values[figure * STEPS + slot] = value;
  }

  /** NaN: not known. */
  get(slot: number, figure: number): number {
    return this.#values[figure * STEPS + slot] ?? NaN;
  }

  /** Null: not known. */
  read(slots: readonly number[], figure: number): (number | null)[] {
    return slots.map((slot) => {
      const value = this.get(slot, figure);
      return Number.isNaN(value) ? null : Math.round(value * DECIMALS) / DECIMALS;
    });
  }

  /** Over the slots in which it is known; undefined when that is none. */
  mean(slots: readonly number[], figure: number): number | undefined {
    let sum = 0;
    let known = 0;
    for (const slot of slots) {
      const value = this.get(slot, figure);
      if (Number.isNaN(value)) continue;
      sum += value;
      known += 1;
    }
    return known === 0 ? undefined : sum / known;
  }
}
