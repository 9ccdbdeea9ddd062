import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketBoundSeconds, LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { latencyQuantile } from '../../../central-controller/history/latencies.ts';

const histogram = fc
  .array(fc.nat({ max: 1000 }), { minLength: LATENCY_BUCKETS, maxLength: LATENCY_BUCKETS })
  .filter((counts) => counts.some((count) => count > 0));

describe('a quantile of latencies', () => {
  it('lies in the bucket that holds it', () => {
    fc.assert(
      fc.property(histogram, fc.double({ min: 0.001, max: 1, noNaN: true }), (counts, share) => {
        const all = counts.reduce((sum, count) => sum + count, 0);
        let below = 0;
        const bucket = counts.findIndex((count) => (below += count) >= share * all && count > 0);
        const found = latencyQuantile(counts, share) ?? NaN;
        expect(found).toBeGreaterThanOrEqual(bucket === 0 ? 0 : bucketBoundSeconds(bucket - 1));
        expect(found).toBeLessThanOrEqual(bucketBoundSeconds(bucket));
        expect(Number.isFinite(found)).toBe(true);
      }),
    );
  });

  it('does not fall as the share rises', () => {
    fc.assert(
      fc.property(histogram, (counts) => {
        const values = [0.1, 0.5, 0.9, 0.99, 1].map((share) => latencyQuantile(counts, share) ?? NaN);
        expect(values).toEqual(values.toSorted((a, b) => a - b));
      }),
    );
  });

  it('is none without requests', () => {
    expect(latencyQuantile([], 0.5)).toBeUndefined();
    expect(latencyQuantile([0, 0], 0.5)).toBeUndefined();
  });
});
