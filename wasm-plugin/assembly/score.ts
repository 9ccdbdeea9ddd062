/**
 * How much a request to a replica is likely to cost: the requests in flight there, over the square root of its weight,
 * times what failures make of it. Scores are kept, not computed at each pick: those of one service lie side by side, and
 * each is renewed when something about its replica changes, or by the second as what is known grows old.
 *
 * Only what this VM heard itself counts. What all callers are told alike makes them all run to the same replica; what
 * each heard in its own answers differs, and spreads them, however old it is (as in C3: Suresh et al., NSDI 2015).
 */
import { MAX_REPLICAS, MAX_SERVICES } from './limits';
import { Replica, replicaAt, slotCount } from './replicas';

/**
 * What is in flight from here counts so many times: others who know as little as this caller have sent there, too
 * (C3's compensation for concurrency).
 */
const OWN_REQUESTS: f64 = 5;
/** What was heard longer ago is no longer held against a replica: it would otherwise never be asked again. */
const FORGET_MS: f64 = 60_000;
export const FAILURE_PENALTY: f64 = 20;
const FAILURE_FADE_MS: f64 = 15_000;
const USUAL_GAIN: f64 = 0.05;
const RENEW_MS: f64 = 1000;

/** By a replica's `place`. Single precision: what a pick looks at is then one line of the cache. */
export const scores = new StaticArray<f32>(MAX_REPLICAS);
/** Requests in flight as replicas told them lately, a moving average over the answers; 0 before the first. */
const usualInFlight = new StaticArray<f64>(MAX_SERVICES);
/** The time that scores are as of. */
let asOf: f64 = 0;

export function isForgotten(replica: Replica, now: f64): bool {
  return now - replica.knownAt > FORGET_MS;
}

/**
 * Failure average of a replica now. It fades with time, too: a replica that is left out because of it gets no request
 * by which it could show that it is well again.
 */
export function recentFailures(replica: Replica, now: f64): f64 {
  const average: f64 = replica.failureAverage;
  return average < 0.001 ? 0 : average * Math.exp(-max(now - replica.failureAt, 0) / FAILURE_FADE_MS);
}

/** To be called after anything about the replica changed, its place included. */
export function renewScore(replica: Replica): void {
  if (replica.place < 0) return;
  const known: f64 = isForgotten(replica, asOf) ? usualInFlight[replica.service] : <f64>replica.knownInFlight;
  const inFlight = known + OWN_REQUESTS * <f64>replica.inFlight;
  const failing = 1 + FAILURE_PENALTY * recentFailures(replica, asOf);
  scores[replica.place] = <f32>((inFlight + 1) * <f64>replica.weightFactor * failing);
}

/** Lets all scores grow older; to be called at each tick. */
export function renewScores(now: f64): void {
  if (now - asOf < RENEW_MS) return;
  asOf = now;
  for (let slot = 0; slot < slotCount(); slot++) renewScore(replicaAt(slot));
}

export function learnUsual(service: i32, inFlight: f64): void {
  const usual = usualInFlight[service];
  usualInFlight[service] = usual == 0 ? inFlight : usual + USUAL_GAIN * (inFlight - usual);
}

/** For a service that is new in its slot. */
export function forgetUsual(service: i32): void {
  usualInFlight[service] = 0;
}
