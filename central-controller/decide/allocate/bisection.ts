/** Enough for any order of magnitude. */
const MAX_ROUNDS = 200;

/**
 * The amount between 0 and `most` at which a falling function, positive at 0, is 0; `most` where it is still positive
 * there. Bisection to the last bit: it needs no derivative and no scale.
 */
export function findRoot(most: number, value: (amount: number) => number): number {
  if (value(most) >= 0) return most;
  let low = 0;
  let high = most;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    // Halves the exponent until both ends have about the same, then the mantissa.
    const middle = low > 0 && high > 4 * low ? Math.sqrt(low) * Math.sqrt(high) : (low + high) / 2;
    if (middle === low || middle === high) break;
    if (value(middle) > 0) low = middle;
    else high = middle;
  }
  return high;
}
