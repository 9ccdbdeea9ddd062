/**
 * A score estimates what one more request costs at a replica: requests in flight over the square root of the weight,
 * times a penalty for failures. Scores are stored, not computed per pick: those of one service lie side by side, and
 * each is renewed when something about its replica changes, or once a second as information ages.
 *
 * A score uses only what this VM's own answers reported. If all callers used the same report, all would run to the same
 * replica; their own answers differ, and so they spread, however old they are (as in C3: Suresh et al., NSDI 2015).
 */
import { MAX_REPLICAS } from '../abi/limits';
import { Replica, replicaAt, slotCount } from '../table/replicas';
import { averageInFlight } from '../table/services';

/** Factor on the requests in flight from this VM: other callers know as little and send as much (C3's compensation). */
const CONCURRENCY_COMPENSATION: f64 = 5;
/** Older reports are ignored; a replica that reported a high load would otherwise never be asked again. */
const MAX_REPORT_AGE_MS: f64 = 60_000;
export const FAILURE_PENALTY: f64 = 20;
const FAILURE_DECAY_MS: f64 = 15_000;
const AVERAGE_GAIN: f64 = 0.05;
const RENEW_PERIOD_MS: f64 = 1000;

/** By a replica's `place`. Single precision, so that the window of one pick fits into a cache line. */
export const scores = new StaticArray<f32>(MAX_REPLICAS);
/** The time that scores are as of. */
let asOf: f64 = 0;

/** Whether this VM knows nothing recent of the replica's load. */
export function isReportStale(replica: Replica, now: f64): bool {
  return now - replica.reportedAt > MAX_REPORT_AGE_MS;
}

/**
 * Failure average of a replica now. It decays with time as well: a replica that gets no requests because of its
 * failures has no other way back.
 */
export function recentFailures(replica: Replica, now: f64): f64 {
  const average: f64 = replica.failureAverage;
  return average < 0.001 ? 0 : average * Math.exp(-max(now - replica.failureAt, 0) / FAILURE_DECAY_MS);
}

/** Call it after anything about the replica changed, including its place. */
export function renewScore(replica: Replica): void {
  if (replica.place < 0) return;
  const reported: f64 = isReportStale(replica, asOf) ? averageInFlight[replica.service] : <f64>replica.reportedInFlight;
  const inFlight = reported + CONCURRENCY_COMPENSATION * <f64>replica.inFlight;
  const failing = 1 + FAILURE_PENALTY * recentFailures(replica, asOf);
  scores[replica.place] = <f32>((inFlight + 1) * <f64>replica.weightFactor * failing);
}

/** Renews all scores as they age. Call it at each tick. */
export function renewScores(now: f64): void {
  if (now - asOf < RENEW_PERIOD_MS) return;
  asOf = now;
  for (let slot = 0; slot < slotCount(); slot++) renewScore(replicaAt(slot));
}

/** Adds a reported load to the service's moving average. */
export function addToAverage(service: i32, inFlight: f64): void {
  const average = averageInFlight[service];
  averageInFlight[service] = average == 0 ? inFlight : average + AVERAGE_GAIN * (inFlight - average);
}
