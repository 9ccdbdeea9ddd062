/**
 * The pick. Weights from the controller say how requests should fall over seconds, requests in flight say what is
 * true this instant: two samples are drawn by weight, replicas heard of within 200 ms join them, and the first draw
 * gives way to the least score that is clearly better. The candidates' number is fixed, so the work does not grow with the replicas. After Prequal (Wydrowski et
 * al., NSDI 2024), whose probes are replaced by what responses carry.
 */
import { drawEntry } from './alias-table';
import { Replica, replicaAt } from './replicas';
import { eligibleCount, firstMember } from './services';
import { ringLength, ringSlot, ringTime } from './ring';

const RING_CANDIDATES: i32 = 4;
const RING_AGE_MS: f64 = 200;
const FAILURE_PENALTY: f64 = 20;
const FAILURE_FADE_MS: f64 = 5000;
/**
 * What a rival must do better than the first draw, in requests in flight. The draw alone follows the weights; with no
 * credit, idle replicas would be told apart by their weights a second time, and the heaviest would get nearly all.
 */
const DRAWN_CREDIT: f64 = 0.75;
/** Time scale of what was last known while the table has no latency yet. */
const UNKNOWN_LATENCY_MS: f64 = 50;

/** Requests that are likely in flight at the replica: what was last known decays toward its mean in four latencies. */
function estimateInFlight(replica: Replica, now: f64): f64 {
  const latency: f64 = replica.meanLatencyMs > 0 ? replica.meanLatencyMs : UNKNOWN_LATENCY_MS;
  const age = max(now - replica.knownAt, 0);
  const mean: f64 = replica.meanInFlight;
  const remote = mean + (<f64>replica.knownInFlight - mean) * Math.exp(-age / (4 * latency)) + <f64>replica.sentSince;
  return max(<f64>replica.inFlight, remote);
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

/** Draws a replica by weight, `u` uniform in [0, 1). The service must have one to draw. */
function draw(service: i32, u: f64): i32 {
  return drawEntry(firstMember[service], eligibleCount[service], u);
}

/** The replica for a request at time `now`; -1 when none may be drawn. */
export function pick(service: i32, now: f64, u1: f64, u2: f64): i32 {
  if (eligibleCount[service] == 0) return -1;
  let best = draw(service, u1);
  if (eligibleCount[service] == 1) return best;
  // One that fails has no credit.
  const drawn = replicaAt(best);
  const credit = DRAWN_CREDIT * max(1 - FAILURE_PENALTY * recentFailures(drawn, now), 0);
  let least = score(drawn, now) - credit / Math.sqrt(drawn.weight);
  const second = draw(service, u2);
  if (second != best) {
    const rival = score(replicaAt(second), now);
    if (rival < least) {
      least = rival;
      best = second;
    }
  }
  let candidates = 0;
  for (let i = 0; i < ringLength(service) && candidates < RING_CANDIDATES; i++) {
    if (now - ringTime(service, i) >= RING_AGE_MS) break;
    const slot = ringSlot(service, i);
    const replica = replicaAt(slot);
    if (replica.sentSince != 0 || replica.ejected || !(replica.weight > 0)) continue;
    candidates++;
    const rival = score(replica, now);
    if (rival < least) {
      least = rival;
      best = slot;
    }
  }
  return best;
}
