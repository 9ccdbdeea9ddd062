/**
 * The pick. Weights from the controller say how requests should fall over seconds, what replicas said in their answers
 * is true this instant: one replica is drawn by weight, and gives way to the least score among a window of others. The
 * window has a fixed width, so the work does not grow with the replicas; and it moves slowly, so that what is known of
 * the replicas in it is fresh however many there are. Each proxy has its own.
 *
 * Only what this VM heard itself counts. What all callers are told alike makes them all run to the same replica; what
 * each heard in its own answers differs, and spreads them, however old it is (as in C3: Suresh et al., NSDI 2015).
 */
import { drawEntry, itemAt } from './alias-table';
import { Replica, replicaAt } from './replicas';
import { eligibleCount, firstMember, usualInFlight } from './services';

/** Replicas looked at beside the one drawn; with no more than these, every replica is. */
const WINDOW: i32 = 16;
/** In this time the window goes once over all replicas. */
const WINDOW_TURN_MS: f64 = 600_000;
/**
 * What is in flight from here counts so many times: others who know as little as this caller have sent there, too
 * (C3's compensation for concurrency).
 */
const OWN_REQUESTS: f64 = 5;
/** What was heard longer ago is no longer held against a replica: it would otherwise never be asked again. */
const FORGET_MS: f64 = 60_000;
const FAILURE_PENALTY: f64 = 20;
const FAILURE_FADE_MS: f64 = 15_000;
/**
 * What a rival must do better than the draw, in requests in flight. The draw alone follows the weights; with no credit,
 * idle replicas would be told apart by their weights a second time, and the heaviest would get nearly all.
 */
const DRAWN_CREDIT: f64 = 0.5;

function isForgotten(replica: Replica, now: f64): bool {
  return now - replica.knownAt > FORGET_MS;
}

/** Requests that are likely in flight at the replica. */
function estimateInFlight(replica: Replica, now: f64): f64 {
  const usual = usualInFlight[replica.service];
  const known: f64 = isForgotten(replica, now) ? usual : replica.knownInFlight;
  return known + OWN_REQUESTS * <f64>replica.inFlight;
}

/**
 * Failure average of a replica now. It fades with time, too: a replica that is left out because of it gets no request
 * by which it could show that it is well again.
 */
export function recentFailures(replica: Replica, now: f64): f64 {
  const average: f64 = replica.failureAverage;
  return average < 0.001 ? 0 : average * Math.exp(-max(now - replica.failureAt, 0) / FAILURE_FADE_MS);
}

function score(replica: Replica, now: f64): f64 {
  return (
    ((estimateInFlight(replica, now) + 1) / Math.sqrt(replica.weight)) *
    (1 + FAILURE_PENALTY * recentFailures(replica, now))
  );
}

/**
 * The replica for a request at time `now`, ms; -1 when none may be drawn. `u` is drawn anew for each request, `window`
 * once by each proxy; both are uniform in [0, 1).
 */
export function pick(service: i32, now: f64, u: f64, window: f64): i32 {
  const count = eligibleCount[service];
  if (count == 0) return -1;
  const first = firstMember[service];
  let best = drawEntry(first, count, u);
  if (count == 1) return best;
  const drawn = replicaAt(best);
  const failing = recentFailures(drawn, now);
  // One of which nothing is known is tried as often as its weight says, so that a new one is not run over.
  if (isForgotten(drawn, now) && drawn.inFlight == 0 && failing == 0) return best;
  // One that fails has no credit.
  const credit = DRAWN_CREDIT * max(1 - FAILURE_PENALTY * failing, 0);
  let least = score(drawn, now) - credit / Math.sqrt(drawn.weight);
  let at = <i32>(((window + now / WINDOW_TURN_MS) % 1.0) * <f64>count);
  for (let i = min(WINDOW, count); i > 0; i--) {
    if (at >= count) at = 0;
    const slot = itemAt(first + at++);
    const rival = score(replicaAt(slot), now);
    if (rival < least) {
      least = rival;
      best = slot;
    }
  }
  return best;
}
