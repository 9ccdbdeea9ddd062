import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spread } from '../../../../tools/local-mesh/report/metrics.ts';
import { milliseconds, summarise, verdict } from '../../../../tools/local-mesh/report/summary.ts';
import { metricsTable } from '../../../../tools/local-mesh/report/table.ts';
import { madeUpRun } from './made-up-run.ts';

const plain = { bold: String, dim: String, red: String };

test('ratios are taken round by round, then their median', () => {
  // The machine was slow in round 1 for both: over all rounds' medians the ratio would be 0.5.
  const run = madeUpRun({
    defaultP99: [100, 400, 80],
    ballastP99: [40, 200, 20],
    quietP99: { default: 20, ballast: 21 },
  });
  expect(summarise(run)).toEqual({
    p99_ratio: 0.4,
    p99_ratio_quiet: 1.05,
    failed_requests: 0,
    node_cpu_max_over_mean: expect.closeTo(0.82 / 0.73, 6),
  });
});

test('failures of the default are not counted as ours, ours of all phases are', () => {
  const run = madeUpRun({ defaultP99: [100, 90], ballastP99: [40, 50], failed: { default: 7, ballast: 2 } });
  expect(summarise(run).failed_requests).toBe(4);
  expect(verdict(run)).toContain('4 of 8000 requests failed with Ballast, 14 of 8000 with LEAST_REQUEST');
});

test('a run that was cut short has no figures rather than wrong ones', () => {
  const whole = madeUpRun({ defaultP99: [100], ballastP99: [40] });
  expect(summarise({ ...whole, phases: whole.phases.slice(0, 2) })).toEqual({
    p99_ratio: null,
    p99_ratio_quiet: null,
    failed_requests: 0,
    node_cpu_max_over_mean: null,
  });
  expect(verdict({ ...whole, phases: [] })).toMatch(/^Nobody won/);
});

test.each([
  [[100, 100, 100], [40, 35, 45], 'Ballast won: with the neighbour on, its p99 was 60 % lower'],
  [[100, 100, 100], [130, 125, 140], "LEAST_REQUEST won: with the neighbour on, Ballast's p99 was 30 % higher"],
  [[100, 100, 100], [80, 110, 70], "Neither won: with the neighbour on, Ballast's p99 was 20 % lower"],
  [[100, 100], [98, 97], "Neither won: with the neighbour on, Ballast's p99 was 3 % lower"],
])('the sentence names the winner honestly: %j against %j', (defaultP99, ballastP99, says) => {
  const sentence = verdict(madeUpRun({ defaultP99, ballastP99 }));
  expect(sentence.startsWith(says)).toBe(true);
  expect(sentence).toMatch(/over [23] rounds\), and no request failed with either\.$/);
});

test('the table has a row for each kind of phase, with medians and ranges', () => {
  const run = madeUpRun({ defaultP99: [100, 400, 80], ballastP99: [40, 200, 20], failed: { default: 1, ballast: 0 } });
  const lines = metricsTable(run, plain).split('\n');
  const cells = (index: number): string[] =>
    (lines[index] ?? '')
      .split('│')
      .map((cell) => cell.trim())
      .filter(Boolean);
  expect(cells(3)).toEqual(['on', 'LEAST_REQUEST', '8.00', '100', '200', '3', '100 %', '70 %', '3']);
  expect(cells(4)).toEqual(['8.00..8.00', '80.0..400', '160..800', 'of 6000', '100 %..100 %', '70 %..70 %']);
  expect(cells(6)).toEqual(['on', 'Ballast', '8.00', '40.0', '80.0', '0', '82 %', '73 %', '3']);
  expect(cells(9).slice(0, 2)).toEqual(['off', 'LEAST_REQUEST']);
  expect(cells(12).slice(0, 2)).toEqual(['off', 'Ballast']);
});

test('a spread holds its median between its ends', () => {
  expect(spread([])).toBeUndefined();
  expect(spread([3, 1])).toEqual({ median: 2, min: 1, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }), (values) => {
      const { median, min, max } = spread(values) ?? { median: NaN, min: NaN, max: NaN };
      expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
      expect(values.filter((value) => value <= median).length * 2).toBeGreaterThanOrEqual(values.length);
      expect(values.filter((value) => value >= median).length * 2).toBeGreaterThanOrEqual(values.length);
    }),
  );
});

test('milliseconds have three digits', () => {
  expect([4.314, 43.14, 431.4, 9.996, 99.96].map(milliseconds)).toEqual([
    '4.31 ms',
    '43.1 ms',
    '431 ms',
    '10.0 ms',
    '100 ms',
  ]);
});
