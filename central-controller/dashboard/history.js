/** Time series of the last ten minutes in steps of two seconds: loaded from the controller, continued by decisions. */

/** @typedef {{ names: string[], data: (number | null)[][] }} Table `data[0]` holds seconds since 1970, then a row per name. */

/** The same step and window as in the controller. */
const STEP_SECONDS = 2;
const WINDOW_SECONDS = 600;
/** After this time without a decision, lines have a gap. */
const GAP_SECONDS = 6;

export class History {
  /** @type {number[]} */
  #seconds = [];
  /** @type {Map<string, (number | null)[]>} */
  #lines = new Map();

  /**
   * Replaces the series by those of the controller. Newer values stay.
   * @param {readonly number[]} at ms
   * @param {readonly { name: string, values: readonly (number | null)[] }[]} lines
   */
  load(at, lines) {
    const [ownSeconds, ownLines] = [this.#seconds, this.#lines];
    this.#seconds = [];
    this.#lines = new Map();
    for (const [index, ms] of at.entries()) {
      this.add(
        ms,
        lines.map(({ name, values }) => [name, values[index] ?? null]),
      );
    }
    const end = this.#seconds.at(-1) ?? -Infinity;
    for (const [index, second] of ownSeconds.entries()) {
      if (second <= end) continue;
      this.add(
        second * 1000,
        [...ownLines].map(([name, values]) => [name, values[index] ?? null]),
      );
    }
  }

  /**
   * Adds values. The last values of a step count.
   * @param {number} at ms
   * @param {readonly (readonly [string, number | null])[]} values by name
   * @returns {boolean} whether a time step began
   */
  add(at, values) {
    const second = Math.floor(at / 1000 / STEP_SECONDS) * STEP_SECONDS;
    const last = this.#seconds.at(-1);
    if (last !== undefined && second < last) this.clear();
    const isNew = second !== this.#seconds.at(-1);
    if (isNew) {
      if (last !== undefined && second > last + GAP_SECONDS) this.#begin(last + STEP_SECONDS);
      this.#begin(second);
    }
    const end = this.#seconds.length - 1;
    for (const [name, value] of values) {
      let line = this.#lines.get(name);
      if (!line) {
        line = this.#seconds.map(() => null);
        this.#lines.set(name, line);
      }
      line[end] = value;
    }
    return isNew;
  }

  clear() {
    this.#seconds = [];
    this.#lines.clear();
  }

  /**
   * @param {readonly string[]} [chosen] names of lines; absent: all
   * @returns {Table}
   */
  table(chosen) {
    const names =
      chosen?.filter((name) => this.#lines.has(name)) ??
      [...this.#lines.keys()].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    return { names, data: [this.#seconds, ...names.map((name) => this.#lines.get(name) ?? [])] };
  }

  /** The span of the time axis. It is always the whole window, so that lines move and do not stretch. */
  span() {
    const end = this.#seconds.at(-1) ?? 0;
    return { from: end - WINDOW_SECONDS, to: end };
  }

  /** @param {number} second */
  #begin(second) {
    this.#seconds.push(second);
    for (const line of this.#lines.values()) line.push(null);
    const gone = this.#seconds.findIndex((other) => other > second - WINDOW_SECONDS);
    this.#seconds.splice(0, gone);
    for (const [name, line] of this.#lines) {
      line.splice(0, gone);
      if (line.every((value) => value === null)) this.#lines.delete(name);
    }
  }
}
