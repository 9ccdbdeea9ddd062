/**
 * Reads of typed arrays whose index is within bounds by construction: loops over a column's own length, and offsets
 * that `AllocationInput` promises. The compiler cannot know that (`noUncheckedIndexedAccess`), so these functions say
 * it once. There is one function for each kind of array, so that V8 compiles each to a single load.
 */

export function at(column: Float64Array, index: number): number {
  return column[index] as number;
}

/** For columns of indices and offsets. */
export function indexAt(column: Int32Array, index: number): number {
  return column[index] as number;
}

/** `column[index] += change`. */
export function add(column: Float64Array, index: number, change: number): void {
  column[index] = (column[index] as number) + change;
}
