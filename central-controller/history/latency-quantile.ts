/** Quantiles of latency from the histograms that proxies keep. */
import { bucketBoundSeconds, LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';

/**
 * The latency that a share of requests stays below, seconds; undefined without requests. Within a bucket requests are
 * taken to be spread evenly, so the error is a part of the bucket's width; in the last one, which has no end, it is the
 * least that they can have taken.
 *
 * @param counts requests by bucket, as in contract/latency-buckets
 * @param share 0 to 1
 */
export function latencyQuantile(counts: readonly number[], share: number): number | undefined {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (!(all > 0)) return undefined;
  const wanted = share * all;
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const from = bucket === 0 ? 0 : bucketBoundSeconds(bucket - 1);
      const to = bucket === LATENCY_BUCKETS - 1 ? from : bucketBoundSeconds(bucket);
      return from + ((to - from) * (wanted - below)) / count;
    }
    below += count;
  }
  return bucketBoundSeconds(LATENCY_BUCKETS - 2);
}
