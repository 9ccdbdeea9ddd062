/** Numbers of many things in one typed array, a row for each, found by key. */
export class Rows {
  readonly width: number;
  /** Replaced when the table grows: read it again after `add`. */
  values: Float64Array;
  readonly #offsets = new Map<string, number>();
  readonly #free: number[] = [];
  #used = 0;

  constructor(width: number, capacity = 8) {
    this.width = width;
    this.values = new Float64Array(width * capacity);
  }

  get size(): number {
    return this.#offsets.size;
  }

  entries(): IterableIterator<[key: string, offset: number]> {
    return this.#offsets.entries();
  }

  /** Where the row begins in `values`; undefined: there is none. */
  find(key: string): number | undefined {
    return this.#offsets.get(key);
  }

  /** Adds a row of zeros. The key must be new. */
  add(key: string): number {
    const offset = this.#free.pop() ?? this.#append();
    this.values.fill(0, offset, offset + this.width);
    this.#offsets.set(key, offset);
    return offset;
  }

  delete(key: string): void {
    const offset = this.#offsets.get(key);
    if (offset === undefined) return;
    this.#offsets.delete(key);
    this.#free.push(offset);
  }

  /** Deletes all rows but these. */
  retain(keys: ReadonlySet<string>): void {
    for (const key of this.#offsets.keys()) if (!keys.has(key)) this.delete(key);
  }

  #append(): number {
    const offset = this.#used;
    this.#used += this.width;
    if (this.#used > this.values.length) {
      const grown = new Float64Array(2 * this.values.length);
      grown.set(this.values);
      this.values = grown;
    }
    return offset;
  }
}
