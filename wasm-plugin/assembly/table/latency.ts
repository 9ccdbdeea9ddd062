/** Buckets of the latency histogram, as in `contract/latency-buckets.ts`. */
import { LATENCY_BUCKETS } from './replicas';

const bounds = new StaticArray<f64>(LATENCY_BUCKETS);
for (let i = 0; i < LATENCY_BUCKETS; i++)
  bounds[i] = i == LATENCY_BUCKETS - 1 ? Infinity : 0.25 * Math.pow(2, <f64>i / 2);

/** The bucket of a latency in milliseconds. */
export function bucketOf(ms: f64): i32 {
  let low = 0;
  let high = LATENCY_BUCKETS - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ms <= bounds[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}
