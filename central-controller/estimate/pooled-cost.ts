/**
 * CPU per request of each replica of one service. Replicas of a service run the same program, so each one's own figure
 * is drawn toward the service's by as much as chance explains the difference between them (empirical Bayes, variance
 * between replicas by moments: DerSimonian and Laird 1986). One that serves little borrows nearly all; but none is drawn
 * further than two of its own standard errors (limited translation: Efron and Morris 1971), for one slow replica among many
 * quick ones is no chance, however little it serves.
 */
import type { OwnCost } from './cost-memory.ts';

export interface Cost {
  readonly seconds: number;
  /** Standard error of it. */
  readonly deviation: number;
}

export function pooledCosts(own: readonly OwnCost[]): Cost[] {
  const total = own.reduce((sum, { evidence }) => sum + evidence, 0);
  if (!(total > 0)) return own.map(() => ({ seconds: 0, deviation: 0 }));
  const pooled = own.reduce((sum, { evidence, seconds }) => sum + (evidence / total) * seconds, 0);
  const pooledVariance = own.reduce((sum, { evidence, variance }) => sum + (evidence / total) ** 2 * variance, 0);
  const spread = own.reduce((sum, { evidence, seconds }) => sum + (evidence / total) * (seconds - pooled) ** 2, 0);
  const byChance = own.reduce((sum, { evidence, variance }) => {
    const part = evidence / total;
    return sum + part * (1 - part) * variance;
  }, 0);
  const scale = 1 - own.reduce((sum, { evidence }) => sum + (evidence / total) ** 2, 0);
  const between = scale > 1e-9 ? Math.max(0, (spread - byChance) / scale) : 0;
  return own.map(({ evidence, seconds, variance }) => {
    if (evidence === 0) return { seconds: pooled, deviation: Math.sqrt(between + pooledVariance) };
    const trust = between > 0 ? between / (between + variance) : 0;
    const furthest = 2 * Math.sqrt(variance);
    return {
      seconds: Math.min(seconds + furthest, Math.max(seconds - furthest, pooled + trust * (seconds - pooled))),
      deviation: Math.sqrt(trust * variance + (1 - trust) ** 2 * pooledVariance),
    };
  });
}
