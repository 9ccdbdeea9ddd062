import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeHistogram,
  encodeHistogram,
  latencyHistogram,
  mergeHistograms,
  percentileMs,
  recordMs,
  summariseMs,
} from '../../../../tools/load-generator/measure/histogram.ts';

function histogramOf(values: readonly number[]) {
  const histogram = latencyHistogram();
  for (const value of values) recordMs(histogram, value);
  return histogram;
}

const latencies = fc.array(fc.double({ min: 0, max: 30_000, noNaN: true }), { minLength: 1, maxLength: 200 });

test('percentiles are those of the sorted values, to 0.1 % or a microsecond', () => {
  fc.assert(
    fc.property(latencies, fc.double({ min: 1, max: 100, noNaN: true }), (values, percentile) => {
      const sorted = values.toSorted((a, b) => a - b);
      // HdrHistogram rounds the rank half up, from the first value on.
      const rank = Math.max(1, Math.floor((percentile / 100) * sorted.length + 0.5));
      const nearby = [sorted[rank - 1] ?? 0, sorted[Math.min(rank, sorted.length - 1)] ?? 0];
      const read = percentileMs(histogramOf(values), percentile);
      expect(read).toBeGreaterThanOrEqual((nearby[0] ?? 0) * 0.999 - 0.001);
      expect(read).toBeLessThanOrEqual((nearby[1] ?? 0) * 1.001 + 0.001);
    }),
  );
});

test('merging and a journey through text lose nothing but the last digit', () => {
  fc.assert(
    fc.property(latencies, latencies, (some, others) => {
      const all = summariseMs(histogramOf([...some, ...others]));
      const merged = mergeHistograms([some, others].map((part) => decodeHistogram(encodeHistogram(histogramOf(part)))));
      expect(merged.totalCount).toBe(some.length + others.length);
      for (const figure of ['p50', 'p90', 'p99', 'p999', 'max'] as const) {
        expect(Math.abs(summariseMs(merged)[figure] - all[figure])).toBeLessThanOrEqual(all[figure] * 0.001 + 0.0011);
      }
    }),
  );
});

test('an empty histogram has figures of 0', () => {
  expect(new Set(Object.values(summariseMs(latencyHistogram())))).toEqual(new Set([0]));
});
