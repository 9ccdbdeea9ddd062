/**
 * The ratio of two amounts that come in pairs, in which older pairs count less. It is the ratio of the sums, not the mean
 * of the ratios: pairs of few requests weigh little. A ratio is some columns of a row, all 0 at first.
 */

const AMOUNT = 0;
const COUNT = 1;
/** Sum of squared differences between the amount of a pair and what the ratio predicts of it. */
const SQUARES = 2;
const AT = 3;
export const RATIO_WIDTH = 4;

/** Adds what `count` requests brought, counted up to time `at` (ms). */
export function addPair(
  values: Float64Array,
  row: number,
  timeConstantMs: number,
  amount: number,
  count: number,
  at: number,
): void {
  const before = values[row + COUNT] ?? 0;
  const last = values[row + AT] ?? 0;
  const keep = before > 0 ? Math.exp(-Math.max(0, at - last) / timeConstantMs) : 0;
  const amounts = (values[row + AMOUNT] ?? 0) * keep + amount;
  const counts = before * keep + count;
  values[row + AMOUNT] = amounts;
  values[row + COUNT] = counts;
  const surprise = amount - count * (counts > 0 ? amounts / counts : 0);
  values[row + SQUARES] = (values[row + SQUARES] ?? 0) * keep * keep + surprise * surprise;
  values[row + AT] = Math.max(last, at);
}

/** 0 while nothing was counted. */
export function meanOf(values: Float64Array, row: number): number {
  const count = values[row + COUNT] ?? 0;
  return count > 0 ? (values[row + AMOUNT] ?? 0) / count : 0;
}

/**
 * Standard error of the mean from the spread of the pairs (linearised ratio estimator: Cochran, Sampling Techniques,
 * 1977, 6.4). It is too small when there are few pairs.
 */
export function spreadOf(values: Float64Array, row: number): number {
  const count = values[row + COUNT] ?? 0;
  return count > 0 ? Math.sqrt(values[row + SQUARES] ?? 0) / count : 0;
}

/** Requests that the ratio rested on when the last pair came. */
export function countOf(values: Float64Array, row: number): number {
  return values[row + COUNT] ?? 0;
}

/** Requests that the ratio rests on at time `now`. */
export function evidenceAt(values: Float64Array, row: number, timeConstantMs: number, now: number): number {
  const count = values[row + COUNT] ?? 0;
  return count > 0 ? count * Math.exp(-Math.max(0, now - (values[row + AT] ?? 0)) / timeConstantMs) : 0;
}
