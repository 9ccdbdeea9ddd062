/** Counters of the requests that this replica serves, as its own sidecar sees them. */
import { bucketOf } from './latency';
import { LATENCY_BUCKETS } from './replicas';

/** Weight of one request in the smoothed latency that callers are told. */
const LATENCY_GAIN: f64 = 0.05;

export let servedRequests: u64 = 0;
export let servedFailures: u64 = 0;
export let servedUnreached: u64 = 0;
export let servedInFlight: i32 = 0;
export let servedInFlightMs: f64 = 0;
export let smoothedLatencyMs: f64 = 0;
export const servedBuckets = new StaticArray<u32>(LATENCY_BUCKETS);
let since: f64 = 0;

export function accrueServed(now: f64): void {
  servedInFlightMs += <f64>servedInFlight * (now - since);
  since = now;
}

export function beginServed(now: f64): void {
  accrueServed(now);
  servedInFlight++;
}

export function countUnreached(): void {
  servedUnreached++;
}

export function countServedLatency(ms: f64): void {
  servedBuckets[bucketOf(ms)] += 1;
  smoothedLatencyMs = smoothedLatencyMs == 0 ? ms : smoothedLatencyMs + LATENCY_GAIN * (ms - smoothedLatencyMs);
}

export function endServed(failed: bool, now: f64): void {
  accrueServed(now);
  servedInFlight--;
  servedRequests++;
  if (failed) servedFailures++;
}
