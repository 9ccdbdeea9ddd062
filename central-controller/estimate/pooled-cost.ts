/**
 * CPU per request of each replica of one service. Replicas of a service run the same program, so each one's own figure
 * is drawn toward the service's by as much as chance explains the difference between them (empirical Bayes, variance
 * between replicas by moments: DerSimonian and Laird 1986). One that serves little borrows nearly all; but none is drawn
 * further than two of its own standard errors (limited translation: Efron and Morris 1971), for one slow replica among many
 * quick ones is no chance, however little it serves.
 */
import { type DecayedRatio, evidenceAt, meanOf, standardError } from './decayed-ratio.ts';

export interface Cost {
  readonly seconds: number;
  /** Standard error of it. */
  readonly deviation: number;
}

export function pooledCosts(ratios: readonly DecayedRatio[], now: number): Cost[] {
  const weights = ratios.map((ratio) => evidenceAt(ratio, now));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0)) return ratios.map(() => ({ seconds: 0, deviation: 0 }));
  const own = ratios.map((ratio, index) => ({
    part: (weights[index] ?? 0) / total,
    mean: meanOf(ratio),
    variance: standardError(ratio) ** 2,
  }));
  const pooled = own.reduce((sum, { part, mean }) => sum + part * mean, 0);
  const pooledVariance = own.reduce((sum, { part, variance }) => sum + part * part * variance, 0);
  const spread = own.reduce((sum, { part, mean }) => sum + part * (mean - pooled) ** 2, 0);
  const byChance = own.reduce((sum, { part, variance }) => sum + part * (1 - part) * variance, 0);
  const scale = 1 - own.reduce((sum, { part }) => sum + part * part, 0);
  const between = scale > 1e-9 ? Math.max(0, (spread - byChance) / scale) : 0;
  return own.map(({ part, mean, variance }) => {
    if (part === 0) return { seconds: pooled, deviation: Math.sqrt(between + pooledVariance) };
    const trust = between > 0 ? between / (between + variance) : 0;
    const furthest = 2 * Math.sqrt(variance);
    return {
      seconds: Math.min(mean + furthest, Math.max(mean - furthest, pooled + trust * (mean - pooled))),
      deviation: Math.sqrt(trust * variance + (1 - trust) ** 2 * pooledVariance),
    };
  });
}
