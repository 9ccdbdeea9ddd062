/**
 * A ratio of two amounts that come in pairs, older pairs counting less and less. The ratio of the sums, not the mean of
 * the ratios: pairs of few requests weigh little, and what one pair has too much the next has too little.
 */
export interface DecayedRatio {
  readonly timeConstantMs: number;
  amount: number;
  count: number;
  /** Sum of squared differences between the amount of a pair and what the ratio says of it. */
  squares: number;
  at: number;
}

export function decayedRatio(timeConstantMs: number): DecayedRatio {
  return { timeConstantMs, amount: 0, count: 0, squares: 0, at: -Infinity };
}

/** Adds what `count` requests brought, counted up to time `at` (ms). */
export function addPair(ratio: DecayedRatio, amount: number, count: number, at: number): void {
  const keep = ratio.count > 0 ? Math.exp(-Math.max(0, at - ratio.at) / ratio.timeConstantMs) : 0;
  ratio.amount = ratio.amount * keep + amount;
  ratio.count = ratio.count * keep + count;
  const surprise = amount - count * meanOf(ratio);
  ratio.squares = ratio.squares * keep * keep + surprise * surprise;
  ratio.at = Math.max(ratio.at, at);
}

/** 0 while nothing was counted. */
export function meanOf(ratio: DecayedRatio): number {
  return ratio.count > 0 ? ratio.amount / ratio.count : 0;
}

/**
 * Standard error of the mean by the spread of the pairs (linearised ratio estimator: Cochran, Sampling Techniques,
 * 1977, 6.4). Too little where there are few pairs.
 */
export function spreadOf(ratio: DecayedRatio): number {
  return ratio.count > 0 ? Math.sqrt(ratio.squares) / ratio.count : 0;
}

/** Requests that the ratio rests on at time `now`. */
export function evidenceAt(ratio: DecayedRatio, now: number): number {
  return ratio.count > 0 ? ratio.count * Math.exp(-Math.max(0, now - ratio.at) / ratio.timeConstantMs) : 0;
}
