/**
 * Draws by weight in the same time however many there are: the alias method (Walker 1977, built as Vose 1991 says).
 * Each of n entries has an equal part of the range; where its own weight fills the part only so far, the rest of it
 * belongs to one other entry. An entry is one place in memory, so that a draw costs one cache miss.
 */
import { MAX_REPLICAS } from './limits';

/** f64 own share of the part, 0 to 1 | i32 own | i32 other */
const ENTRY: i32 = 16;

const entries: usize = heap.alloc(MAX_REPLICAS * ENTRY);
/** Entries whose share is still too small, from the front, and those whose share is too large, from the back. */
const work = new StaticArray<i32>(MAX_REPLICAS);

function entryAt(i: i32): usize {
  return entries + <usize>(i * ENTRY);
}

/** Puts an item with its weight into an entry, to be followed by `settle`. */
export function putEntry(i: i32, item: i32, weight: f64): void {
  store<f64>(entryAt(i), weight);
  store<i32>(entryAt(i), item, 8);
  store<i32>(entryAt(i), item, 12);
}

/** Makes `count` entries from `first` on, whose weights add up to `sum`, ready to draw from. */
export function settle(first: i32, count: i32, sum: f64): void {
  let small = 0;
  let large = count;
  for (let i = 0; i < count; i++) {
    const entry = entryAt(first + i);
    const share = (load<f64>(entry) * <f64>count) / sum;
    store<f64>(entry, share);
    if (share < 1) work[small++] = i;
    else work[--large] = i;
  }
  while (small > 0 && large < count) {
    const less = entryAt(first + work[--small]);
    const more = entryAt(first + work[large]);
    store<i32>(less, load<i32>(more, 8), 12);
    const left = load<f64>(more) - (1 - load<f64>(less));
    store<f64>(more, left);
    if (left < 1) work[small++] = work[large++];
  }
  // What is over fills its part but for rounding.
  while (small > 0) store<f64>(entryAt(first + work[--small]), 1);
  while (large < count) store<f64>(entryAt(first + work[large++]), 1);
}

/** Draws one of `count` settled entries from `first` on, `u` uniform in [0, 1). */
export function drawEntry(first: i32, count: i32, u: f64): i32 {
  const mark = u * <f64>count;
  const i = min(<i32>mark, count - 1);
  const entry = entryAt(first + i);
  return mark - <f64>i < load<f64>(entry) ? load<i32>(entry, 8) : load<i32>(entry, 12);
}

/** The item of an entry of its own. */
export function itemAt(i: i32): i32 {
  return load<i32>(entryAt(i), 8);
}
