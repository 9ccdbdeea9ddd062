/** Pearson's chi-square test: are counts those of categories with equal probabilities? Pure. */

/** Below this expected count, the chi-square distribution is no good approximation (Cochran 1954). */
export const MIN_EXPECTED = 5;

export interface ChiSquareTest {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** Probability of a statistic as large as this, or larger, if the categories are equally probable. */
  readonly pValue: number;
}

/** @param counts of two or more categories */
export function testEqual(counts: readonly number[]): ChiSquareTest {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const statistic = counts.reduce((sum, count) => sum + (count - expected) ** 2, 0) / expected;
  const degreesOfFreedom = counts.length - 1;
  return { statistic, degreesOfFreedom, pValue: chiSquareAbove(statistic, degreesOfFreedom) };
}

/**
 * Upper tail of the chi-square distribution. For whole degrees of freedom it has a closed form: the recurrence
 * Q(a + 1, x) = Q(a, x) + x^a e^-x / Γ(a + 1) (DLMF 8.8.6), from Q(1/2, x) = erfc(√x) or Q(1, x) = e^-x.
 */
export function chiSquareAbove(statistic: number, degreesOfFreedom: number): number {
  const x = statistic / 2;
  if (x <= 0) return 1;
  const isOdd = degreesOfFreedom % 2 === 1;
  let a = isOdd ? 0.5 : 1;
  let tail = isOdd ? complementaryError(Math.sqrt(x)) : Math.exp(-x);
  // The logarithm of the next term: the term alone overflows or vanishes for many degrees of freedom.
  let logTerm = a * Math.log(x) - x - (isOdd ? Math.log(Math.sqrt(Math.PI) / 2) : 0);
  for (; a < degreesOfFreedom / 2; a += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(x) - Math.log(a + 1);
  }
  return Math.min(1, tail);
}

/** erfc(z) for z >= 0: the series of erf below 2, the continued fraction above (DLMF 7.6.2 and 7.9.1). */
function complementaryError(z: number): number {
  const scale = Math.exp(-z * z) / Math.sqrt(Math.PI);
  if (z < 2) {
    let term = 2 * z;
    let sum = term;
    for (let n = 1; term > sum * 1e-17; n++) sum += term *= (2 * z * z) / (2 * n + 1);
    return 1 - scale * sum;
  }
  let fraction = z;
  for (let n = 60; n >= 1; n--) fraction = z + n / 2 / fraction;
  return scale / fraction;
}

/** 95 % confidence interval of a probability (Wilson 1927). */
export function wilsonInterval(count: number, total: number): readonly [number, number] {
  const z = 1.959964;
  const share = count / total;
  const middle = share + (z * z) / (2 * total);
  const half = z * Math.sqrt((share * (1 - share)) / total + (z * z) / (4 * total * total));
  const norm = 1 + (z * z) / total;
  return [Math.max(0, (middle - half) / norm), Math.min(1, (middle + half) / norm)];
}
