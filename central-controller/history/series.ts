/** Some values of one thing over time, each with a slot for every step of a timeline. */

/** Ten minutes in steps of two seconds. */
export const STEP_MS = 2_000;
export const STEPS = 300;

/** Values are rounded when they are read: finer than any page shows, and half as much to send. */
const DECIMALS = 1e6;

/** Half precision is enough for ratios and cores. */
type Precision = 'half' | 'single';

export class Series {
  readonly bytes: number;
  /** Value after value, each with all its slots; NaN: not known. */
  readonly #values: Float32Array | Float16Array;
  /** The last step that had a value. */
  lastStep = -1;

  constructor(values: number, precision: Precision) {
    const Values = precision === 'half' ? Float16Array : Float32Array;
    this.#values = new Values(values * STEPS).fill(NaN);
    this.bytes = this.#values.byteLength;
  }

  /** What a series takes, bytes. */
  static bytes(values: number, precision: Precision): number {
    return values * STEPS * (precision === 'half' ? 2 : 4);
  }

  clear(slot: number): void {
    for (let at = slot; at < this.#values.length; at += STEPS) this.#values[at] = NaN;
  }

  set(slot: number, index: number, value: number): void {
    this.#values[index * STEPS + slot] = value;
  }

  /** NaN: not known. */
  get(slot: number, index: number): number {
    return this.#values[index * STEPS + slot] ?? NaN;
  }

  /** Null: not known. */
  read(slots: readonly number[], index: number): (number | null)[] {
    return slots.map((slot) => {
      const value = this.get(slot, index);
      return Number.isNaN(value) ? null : Math.round(value * DECIMALS) / DECIMALS;
    });
  }

  /** Over the slots in which it is known; undefined when there is none. */
  mean(slots: readonly number[], index: number): number | undefined {
    let sum = 0;
    let known = 0;
    for (const slot of slots) {
      const value = this.get(slot, index);
      if (Number.isNaN(value)) continue;
      sum += value;
      known += 1;
    }
    return known === 0 ? undefined : sum / known;
  }
}
