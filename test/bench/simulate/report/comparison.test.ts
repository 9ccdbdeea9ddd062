import { describe, expect, it } from 'vitest';
import type { Figures } from '../jobs/job.ts';
import { bestRival, meanOf, roundOf, rowsOf, type Run, spreadOf } from './comparison.ts';

function run(policy: string, seed: number, p99: number, workload = 'load'): Run {
  const figures: Figures = { requests: 1000, failures: 5, p50: 1, p99, p999: 2 * p99, mean: 3 };
  return { workload, policy, seed, figures };
}

describe('rows over seeds', () => {
  const rows = rowsOf([run('a', 1, 10), run('b', 1, 30), run('a', 2, 14), run('b', 2, 30), run('a', 1, 7, 'other')]);

  it('are one per workload and policy, in the order they came', () => {
    expect(rows.map(({ workload, policy, runs }) => [workload, policy, runs.length])).toEqual([
      ['load', 'a', 2],
      ['load', 'b', 2],
      ['other', 'a', 1],
    ]);
  });

  it('have the mean and the standard deviation between seeds', () => {
    const [row] = rows;
    if (!row) return expect.unreachable();
    expect(meanOf(row, 'p99')).toBe(12);
    expect(spreadOf(row, 'p99')).toBeCloseTo(Math.sqrt(8));
    expect(roundOf(row, undefined, undefined)).toMatchObject({ p99_ms: 12, p999_ms: 24, failed_percent: 0.5 });
  });

  it('have no spread at one seed', () => {
    const row = rows[2];
    if (!row) return expect.unreachable();
    expect(spreadOf(row, 'p99')).toBe(0);
  });
});

describe('the best rival', () => {
  const rows = rowsOf([run('ours', 1, 10), run('good', 1, 20), run('bad', 1, 50), run('oracle', 1, 5)]);

  it('is the one of the rivals with the least figure on that workload', () => {
    expect(bestRival(rows, 'load', 'p99', ['bad', 'good'])).toEqual({ rival: 'good', value: 20 });
    expect(bestRival(rows, 'elsewhere', 'p99', ['bad', 'good'])).toBeUndefined();
  });

  it('is what every policy of the workload is compared to', () => {
    const best = bestRival(rows, 'load', 'p99', ['bad', 'good']);
    expect(rows.map((row) => roundOf(row, best, undefined)['p99_ratio'])).toEqual([0.5, 1, 2.5, 0.25]);
  });
});
