/**
 * What all workers of this process serve together. A caller's connections are spread over the workers, so one VM sees
 * only a fraction of them. At its tick, each VM that serves writes its row into shared data and sums up all others.
 *
 *     row, 40 bytes: u64 VM | f64 written, monotonic ms | f64 requests/s | f64 failures/s | i32 in flight | u32 0
 */
import { readShared, sharedCas, valueAt, valueLength, writeShared } from '../abi/host';
import { servedFailures, servedInFlight, servedRequests } from './served';

const SERVED_KEY = String.UTF8.encode('ballast.served');
const ROW: i32 = 40;
const MAX_ROWS: i32 = 64;
/** The row of a VM that no longer exists is dropped after this time. */
const ROW_TIMEOUT_MS: f64 = 1000;
/** Time constant of the smoothed rates: short enough to follow changes, long enough for ten requests a second. */
export const RATE_TIME_MS: f64 = 2000;

const newRows: usize = heap.alloc(MAX_ROWS * ROW);

/** Requests in flight at the other workers, as of the last tick. */
export let othersInFlight: i32 = 0;
/** Per second, all workers together. */
export let requestRate: f64 = 0;
export let failureRate: f64 = 0;

let ownRequestRate: f64 = 0;
let ownFailureRate: f64 = 0;
let countedRequests: u64 = 0;
let countedFailures: u64 = 0;
let countedAt: f64 = 0;

function measureRates(now: f64): void {
  const elapsed = now - countedAt;
  if (elapsed <= 0) return;
  const gain = 1 - Math.exp(-elapsed / RATE_TIME_MS);
  ownRequestRate += gain * ((<f64>(servedRequests - countedRequests) * 1000) / elapsed - ownRequestRate);
  ownFailureRate += gain * ((<f64>(servedFailures - countedFailures) * 1000) / elapsed - ownFailureRate);
  countedRequests = servedRequests;
  countedFailures = servedFailures;
  countedAt = now;
}

/** Writes this VM's row and sums up those of the other workers. */
export function shareLoad(vm: u64, now: f64): void {
  measureRates(now);
  const rows = readShared(SERVED_KEY) ? min(valueLength / ROW, MAX_ROWS - 1) : 0;
  let inFlight: i32 = 0;
  let requests: f64 = ownRequestRate;
  let failures: f64 = ownFailureRate;
  let end = newRows;
  for (let i = 0; i < rows; i++) {
    const row = valueAt + <usize>(i * ROW);
    if (load<u64>(row) == vm || now - load<f64>(row, 8) > ROW_TIMEOUT_MS) continue;
    requests += load<f64>(row, 16);
    failures += load<f64>(row, 24);
    inFlight += load<i32>(row, 32);
    memory.copy(end, row, ROW);
    end += ROW;
  }
  othersInFlight = inFlight;
  requestRate = requests;
  failureRate = failures;
  if (servedRequests == 0 && servedInFlight == 0) return;
  store<u64>(end, vm);
  store<f64>(end, now, 8);
  store<f64>(end, ownRequestRate, 16);
  store<f64>(end, ownFailureRate, 24);
  store<i32>(end, servedInFlight, 32);
  store<u32>(end, 0, 36);
  // If another VM wrote in between, the next tick writes it.
  writeShared(SERVED_KEY, newRows, <i32>(end - newRows) + ROW, sharedCas);
}
