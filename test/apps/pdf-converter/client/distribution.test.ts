import { expect, test } from 'vitest';
import { binsOf, distributionOf, judge } from '../../../../apps/pdf-converter/client/distribution.ts';
import { drawDistribution } from '../../../../apps/pdf-converter/client/show.ts';
import type { Sent } from '../../../../apps/pdf-converter/client/send-pictures.ts';

function sent(...times: readonly number[]): Sent[] {
  return times.map((ms, index) => ({ atMs: 10 * index, ms, replica: `r-${index % 2}` }));
}

test('figures are those of the requests with a PDF', () => {
  const failed: Sent = { atMs: 5, ms: 9000, replica: '', error: 'no answer' };
  expect(distributionOf([...sent(10, 20, 30, 40), failed])).toMatchObject({
    requests: 5,
    failed: 1,
    firstError: 'no answer',
    meanMs: 25,
    deviationMs: expect.closeTo(12.91, 2),
    minMs: 10,
    p50Ms: 20,
    p90Ms: 40,
    p99Ms: 40,
    maxMs: 40,
    replicas: { 'r-0': 2, 'r-1': 2 },
  });
});

test('bins hold every request once, the slowest in the last', () => {
  const bins = binsOf(sent(1, 2, 3, 50, 100), 10);
  expect(bins.map(({ count }) => count)).toEqual([3, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  expect(bins.at(-1)?.toMs).toBe(100);
  expect(binsOf([], 3).map(({ count }) => count)).toEqual([0, 0, 0]);
});

test.each([
  [[100, 101, 99, 100], /^Times are even \(deviation 1 % of the mean\)/],
  [[50, 100, 150, 100], /^Times vary \(/],
  [[10, 10, 10, 500], /^Times vary widely: some requests wait long/],
])('%j are judged', (times, judgement) => {
  expect(judge(distributionOf(sent(...times)))).toMatch(judgement);
});

test('a picture of nothing is one without lines', () => {
  expect(drawDistribution([], 'a < b & c')).toContain('a &lt; b &amp; c');
  expect(drawDistribution([], '')).not.toMatch(/NaN|median/);
});
