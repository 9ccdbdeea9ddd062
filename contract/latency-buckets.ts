/**
 * The latency histogram of a replica: bucket i counts latencies up to 0.25 ms * 2^(i/2), the last one all above. With
 * two buckets per octave, a quantile from it is at most 41 % too high.
 */
export const LATENCY_BUCKETS = 40;

/** Upper bound of bucket `index` in seconds; the last has none (Infinity). */
export function bucketBoundSeconds(index: number): number {
  return index >= LATENCY_BUCKETS - 1 ? Infinity : 0.00025 * 2 ** (index / 2);
}
