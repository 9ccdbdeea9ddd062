/**
 * The latency histogram of a replica: bucket i counts latencies up to 0.25 ms * 2^(i/2), the last one all above. With
 * two buckets per octave, a quantile from it is at most 41 % too high.
 */
export const LATENCY_BUCKETS = 40;

/** Upper bound of bucket `index` in seconds; the last has none (Infinity). */
export function bucketBoundSeconds(index: number): number {
  return index >= LATENCY_BUCKETS - 1 ? Infinity : 0.00025 * 2 ** (index / 2);
}

/** The sum of the latencies that the buckets count, each taken as the geometric middle of its bucket. */
export function secondsInBuckets(buckets: readonly number[]): number {
  return buckets.reduce((sum, count, index) => {
    const bound = bucketBoundSeconds(Math.min(index, LATENCY_BUCKETS - 2));
    return sum + count * bound * 2 ** -0.25;
  }, 0);
}
