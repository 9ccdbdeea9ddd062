/**
 * Draws by weight in constant time: the alias method (Walker 1977, built as in Vose 1991). Each of n entries covers
 * 1/n of the range. Its own item gets a fraction of that; one other item gets the rest. All that a draw reads of an
 * entry lies in one place, so a draw costs one cache miss.
 */
import { MAX_REPLICAS } from '../abi/limits';

/** f64 fraction of the own item, 0 to 1 | i32 own item | i32 other item */
const ENTRY: i32 = 16;

const entries: usize = heap.alloc(MAX_REPLICAS * ENTRY);
/** While building: entries with fraction below 1 from the front, the others from the back. */
const pending = new StaticArray<i32>(MAX_REPLICAS);

function entryAt(i: i32): usize {
  return entries + <usize>(i * ENTRY);
}

/** Puts an item with its weight into an entry. `buildAliasTable` follows. */
export function putEntry(i: i32, item: i32, weight: f64): void {
  store<f64>(entryAt(i), weight);
  store<i32>(entryAt(i), item, 8);
  store<i32>(entryAt(i), item, 12);
}

/** Makes `count` entries from `first` on ready to draw from. `sum` is the sum of their weights. */
export function buildAliasTable(first: i32, count: i32, sum: f64): void {
  let small = 0;
  let large = count;
  for (let i = 0; i < count; i++) {
    const entry = entryAt(first + i);
    const fraction = (load<f64>(entry) * <f64>count) / sum;
    store<f64>(entry, fraction);
    if (fraction < 1) pending[small++] = i;
    else pending[--large] = i;
  }
  while (small > 0 && large < count) {
    const less = entryAt(first + pending[--small]);
    const more = entryAt(first + pending[large]);
    store<i32>(less, load<i32>(more, 8), 12);
    const left = load<f64>(more) - (1 - load<f64>(less));
    store<f64>(more, left);
    if (left < 1) pending[small++] = pending[large++];
  }
  // The remaining fractions differ from 1 by rounding errors only.
  while (small > 0) store<f64>(entryAt(first + pending[--small]), 1);
  while (large < count) store<f64>(entryAt(first + pending[large++]), 1);
}

/** Draws one of `count` entries from `first` on, `u` uniform in [0, 1). */
export function drawEntry(first: i32, count: i32, u: f64): i32 {
  const mark = u * <f64>count;
  const i = min(<i32>mark, count - 1);
  const entry = entryAt(first + i);
  return mark - <f64>i < load<f64>(entry) ? load<i32>(entry, 8) : load<i32>(entry, 12);
}

/** An entry's own item. */
export function itemAt(i: i32): i32 {
  return load<i32>(entryAt(i), 8);
}
