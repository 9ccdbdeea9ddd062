/** Rows per workload and policy from the figures of single runs, and how Ballast compares. */
import type { Round } from '../../support/bench.ts';
import type { Figures, Job } from '../jobs/job.ts';

export type Run = Job & { readonly figures: Figures };

/** One workload under one policy, over all seeds. */
export interface Row {
  readonly workload: string;
  readonly policy: string;
  readonly runs: readonly Figures[];
}

export function rowsOf(runs: readonly Run[]): Row[] {
  const byPair = Map.groupBy(runs, ({ workload, policy }) => `${workload}\n${policy}`);
  return [...byPair.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined
      ? []
      : [{ workload: first.workload, policy: first.policy, runs: group.map(({ figures }) => figures) }];
  });
}

/** Mean over the seeds. */
export function meanOf(row: Row, figure: keyof Figures): number {
  return row.runs.reduce((sum, figures) => sum + figures[figure], 0) / row.runs.length;
}

/** Standard deviation between seeds; 0 of one seed. */
export function spreadOf(row: Row, figure: keyof Figures): number {
  const mean = meanOf(row, figure);
  const squares = row.runs.reduce((sum, figures) => sum + (figures[figure] - mean) ** 2, 0);
  return row.runs.length < 2 ? 0 : Math.sqrt(squares / (row.runs.length - 1));
}

/** The best of the rivals on a workload by a figure. */
export interface Best {
  readonly rival: string;
  readonly value: number;
}

export function bestRival(
  rows: readonly Row[],
  workload: string,
  figure: keyof Figures,
  rivals: readonly string[],
): Best | undefined {
  const [best] = rows
    .filter((row) => row.workload === workload && rivals.includes(row.policy))
    .map((row) => ({ rival: row.policy, value: meanOf(row, figure) }))
    .toSorted((a, b) => a.value - b.value);
  return best;
}

/** As printed: latencies in ms, and their ratio to the best rival's on the same workload. */
export function roundOf(row: Row, p99: Best | undefined, p999: Best | undefined): Round {
  const rounded = (value: number): number => Number(value.toPrecision(4));
  return {
    workload: row.workload,
    policy: row.policy,
    p50_ms: rounded(meanOf(row, 'p50')),
    p99_ms: rounded(meanOf(row, 'p99')),
    p99_spread: rounded(spreadOf(row, 'p99')),
    p999_ms: rounded(meanOf(row, 'p999')),
    p999_spread: rounded(spreadOf(row, 'p999')),
    mean_ms: rounded(meanOf(row, 'mean')),
    failed_percent: Number(((100 * meanOf(row, 'failures')) / meanOf(row, 'requests')).toFixed(3)),
    ...(p99 && { p99_ratio: rounded(meanOf(row, 'p99') / p99.value) }),
    ...(p999 && { p999_ratio: rounded(meanOf(row, 'p999') / p999.value) }),
  };
}
