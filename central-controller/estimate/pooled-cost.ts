/**
 * CPU per request of each replica of one service. Replicas of a service run the same program, so each one's own cost is
 * drawn toward the service's, by as much as chance explains the differences between them (empirical Bayes, variance
 * between replicas by moments: DerSimonian and Laird 1986). One that serves little borrows nearly all. But none is drawn
 * further than two of its own standard errors (limited translation: Efron and Morris 1971): one slow replica among many
 * quick ones is no chance, however little it serves.
 *
 * What a cost is drawn toward is the service's as far as the node's nominal speed tells: where cores run at twice the
 * rate, half of it. Costs are compared as work (cost times speed) for that, and turned back.
 */
import type { CostColumns } from './cost-columns.ts';

const MAX_DRAWN_ERRORS = 2;

/** Fills `pooled` and `deviation` from the replicas' own costs. */
export function poolCosts(columns: CostColumns): void {
  const { size, seconds, variance, evidence, speed, pooled, deviation } = columns;
  let total = 0;
  for (let index = 0; index < size; index++) total += evidence[index] ?? 0;
  if (!(total > 0)) {
    pooled.fill(0, 0, size);
    deviation.fill(0, 0, size);
    return;
  }
  const { mean, meanVariance, between } = moments(columns, total);
  for (let index = 0; index < size; index++) {
    const rate = speed[index] ?? 1;
    const cores = rate * (seconds[index] ?? 0);
    const error = rate * rate * (variance[index] ?? 0);
    if (evidence[index] === 0) {
      pooled[index] = mean / rate;
      deviation[index] = Math.sqrt(between + meanVariance) / rate;
      continue;
    }
    const trust = between > 0 ? between / (between + error) : 0;
    const furthest = MAX_DRAWN_ERRORS * Math.sqrt(error);
    pooled[index] = Math.min(cores + furthest, Math.max(cores - furthest, mean + trust * (cores - mean))) / rate;
    deviation[index] = Math.sqrt(trust * error + (1 - trust) ** 2 * meanVariance) / rate;
  }
}

/** The service's mean work, the variance of that mean, and the variance between its replicas. */
function moments({ size, seconds, variance, evidence, speed }: CostColumns, total: number) {
  let mean = 0;
  let meanVariance = 0;
  let byChance = 0;
  let concentration = 0;
  for (let index = 0; index < size; index++) {
    const fraction = (evidence[index] ?? 0) / total;
    const rate = speed[index] ?? 1;
    const error = rate * rate * (variance[index] ?? 0);
    mean += fraction * rate * (seconds[index] ?? 0);
    meanVariance += fraction ** 2 * error;
    byChance += fraction * (1 - fraction) * error;
    concentration += fraction ** 2;
  }
  let spread = 0;
  for (let index = 0; index < size; index++) {
    spread += ((evidence[index] ?? 0) / total) * ((speed[index] ?? 1) * (seconds[index] ?? 0) - mean) ** 2;
  }
  const scale = 1 - concentration;
  return { mean, meanVariance, between: scale > 1e-9 ? Math.max(0, (spread - byChance) / scale) : 0 };
}
