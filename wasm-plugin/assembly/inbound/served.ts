/** Counters of the requests that this replica serves, as its own sidecar counts them. */

export const LATENCY_BUCKETS: i32 = 40;
/** Weight of one request in the smoothed latency, which callers get. */
const LATENCY_GAIN: f64 = 0.05;
const MAX_AFTER_ANSWER_MS: f64 = 1000;

export let servedRequests: u64 = 0;
export let servedFailures: u64 = 0;
export let servedUnreached: u64 = 0;
export let servedInFlight: i32 = 0;
/**
 * Time integral of the requests that wait for their answer. Each request that ended adds the time since its answer
 * began, up to `MAX_AFTER_ANSWER_MS`: an open websocket or stream does not make the replica slow.
 */
export let servedInFlightMs: f64 = 0;
export let smoothedLatencyMs: f64 = 0;
/** Histogram of latencies, with the buckets of `contract/latency-buckets.ts`, and the number of them. */
export const servedBuckets = new StaticArray<u32>(LATENCY_BUCKETS);
export let servedAnswered: u32 = 0;

const bounds = new StaticArray<f64>(LATENCY_BUCKETS);
for (let i = 0; i < LATENCY_BUCKETS; i++) {
  bounds[i] = i == LATENCY_BUCKETS - 1 ? Infinity : 0.25 * Math.pow(2, <f64>i / 2);
}

let waiting: i32 = 0;
let since: f64 = 0;

/** The bucket of a latency in milliseconds. */
function bucketOf(ms: f64): i32 {
  let low = 0;
  let high = LATENCY_BUCKETS - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ms <= bounds[middle]) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function accrueServed(now: f64): void {
  servedInFlightMs += <f64>waiting * (now - since);
  since = now;
}

export function beginServed(now: f64): void {
  accrueServed(now);
  servedInFlight++;
  waiting++;
}

/** The answer of a request has begun. */
export function answerServed(now: f64): void {
  accrueServed(now);
  waiting--;
}

export function countUnreached(): void {
  servedUnreached++;
}

export function countServedLatency(ms: f64): void {
  servedBuckets[bucketOf(ms)] += 1;
  servedAnswered++;
  smoothedLatencyMs = smoothedLatencyMs == 0 ? ms : smoothedLatencyMs + LATENCY_GAIN * (ms - smoothedLatencyMs);
}

/** `answeredAt`: when the answer began; negative when there was none. */
export function endServed(failed: bool, answeredAt: f64, now: f64): void {
  accrueServed(now);
  servedInFlight--;
  if (answeredAt < 0) waiting--;
  else servedInFlightMs += min(now - answeredAt, MAX_AFTER_ANSWER_MS);
  servedRequests++;
  if (failed) servedFailures++;
}
