/** Latency histograms of one service over time. */
import { bucketBoundSeconds, LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';

/** Ten minutes in steps of ten seconds: histograms take much more memory than other values. */
export const LATENCY_STEP_MS = 10_000;
export const LATENCY_STEPS = 60;

export class Latencies {
  static readonly bytes = LATENCY_STEPS * LATENCY_BUCKETS * Uint32Array.BYTES_PER_ELEMENT;
  /** Slot after slot, each with all buckets. */
  readonly #counts = new Uint32Array(LATENCY_STEPS * LATENCY_BUCKETS);

  clear(slot: number): void {
    this.#counts.fill(0, slot * LATENCY_BUCKETS, (slot + 1) * LATENCY_BUCKETS);
  }

  add(slot: number, buckets: readonly number[]): void {
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      const count = buckets[bucket] ?? 0;
      if (count === 0) continue;
      const at = slot * LATENCY_BUCKETS + bucket;
      this.#counts[at] = (this.#counts[at] ?? 0) + count;
    }
  }

  /** Requests by bucket over some slots. */
  sum(slots: readonly number[]): number[] {
    return Array.from({ length: LATENCY_BUCKETS }, (_, bucket) =>
      slots.reduce((sum, slot) => sum + (this.#counts[slot * LATENCY_BUCKETS + bucket] ?? 0), 0),
    );
  }
}

/**
 * The latency that a fraction of the requests stays below, seconds; undefined without requests. Within a bucket requests
 * count as evenly spread, so the error is at most the bucket's width. In the last bucket, which has no end, it is the
 * bucket's beginning.
 *
 * @param counts requests by bucket, as in contract/latency-buckets
 * @param fraction 0 to 1
 */
export function latencyQuantile(counts: readonly number[], fraction: number): number | undefined {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (!(all > 0)) return undefined;
  const rank = fraction * all;
  let below = 0;
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const from = bucket === 0 ? 0 : bucketBoundSeconds(bucket - 1);
      const to = bucket === LATENCY_BUCKETS - 1 ? from : bucketBoundSeconds(bucket);
      return from + ((to - from) * (rank - below)) / count;
    }
    below += count;
  }
  return bucketBoundSeconds(LATENCY_BUCKETS - 2);
}
