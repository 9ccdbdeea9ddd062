/**
 * The pick. Weights from the controller say how requests should fall over seconds, what replicas said in their answers
 * is true this instant: one replica is drawn by weight, and gives way to the least score among a window of others. The
 * window has a fixed width, so the work does not grow with the replicas; and it moves slowly, so that what is known of
 * the replicas in it is fresh however many there are. Each proxy has its own.
 */
import { drawEntry, itemAt } from './alias-table';
import { replicaAt } from './replicas';
import { FAILURE_PENALTY, isForgotten, recentFailures, scores } from './score';
import { eligibleCount, firstMember } from './services';

/** Replicas looked at beside the one drawn; with no more than these, every replica is. */
const WINDOW: i32 = 16;
/** In this time the window goes once over all replicas. */
const WINDOW_TURN_MS: f64 = 600_000;
/**
 * What a rival must do better than the draw, in requests in flight. The draw alone follows the weights; with no credit,
 * idle replicas would be told apart by their weights a second time, and the heaviest would get nearly all.
 */
const DRAWN_CREDIT: f64 = 0.5;

/**
 * The replica for a request at time `now`, ms; -1 when none may be drawn. `u` is drawn anew for each request, `window`
 * once by each proxy; both are uniform in [0, 1).
 */
export function pick(service: i32, now: f64, u: f64, window: f64): i32 {
  const count = eligibleCount[service];
  if (count == 0) return -1;
  const first = firstMember[service];
  const slot = drawEntry(first, count, u);
  if (count == 1) return slot;
  const drawn = replicaAt(slot);
  const failing = recentFailures(drawn, now);
  // One of which nothing is known is tried as often as its weight says, so that a new one is not run over.
  if (isForgotten(drawn, now) && drawn.inFlight == 0 && failing == 0) return slot;
  // One that fails has no credit.
  const credit = DRAWN_CREDIT * max(1 - FAILURE_PENALTY * failing, 0);
  let best = drawn.place;
  let least = scores[best] - <f32>(credit * <f64>drawn.weightFactor);
  const turns = window + now / WINDOW_TURN_MS;
  let at = <i32>((turns - Math.floor(turns)) * <f64>count);
  for (let i = min(WINDOW, count); i > 0; i--) {
    if (at >= count) at = 0;
    const rival = scores[first + at];
    if (rival < least) {
      least = rival;
      best = first + at;
    }
    at++;
  }
  return best == drawn.place ? slot : itemAt(best);
}
