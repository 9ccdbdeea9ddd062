/**
 * The pick. One replica is drawn by the controller's weights, which say how requests should spread over seconds. It
 * loses to the lowest score in a window of others, because scores know of this instant. The window has a fixed width,
 * so the work does not grow with the number of replicas. It moves slowly, so that reports of the replicas inside stay
 * fresh however many there are. Each proxy has a window of its own.
 */
import { replicaAt } from '../table/replicas';
import { firstMember } from '../table/services';
import { drawEntry, itemAt } from './alias-table';
import { eligibleCount } from './eligible';
import { FAILURE_PENALTY, isReportStale, recentFailures, scores } from './score';

/** Replicas compared with the one drawn. With no more than these, every replica is compared. */
const WINDOW: i32 = 16;
/** Time in which the window passes all replicas once. */
const WINDOW_TURN_MS: f64 = 600_000;
/**
 * Requests in flight by which a rival must beat the drawn replica. The draw alone follows the weights. Without this
 * credit, weights would count twice among idle replicas, and the heaviest would get nearly all requests.
 */
const DRAWN_CREDIT: f64 = 0.5;

/**
 * The replica for a request at time `now`, ms; -1 when no replica is eligible. `u` is drawn for each request, `window`
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
  // A replica without a report is used as often as its weight says. It would win every comparison and be overrun.
  if (isReportStale(drawn, now) && drawn.inFlight == 0 && failing == 0) return slot;
  // A failing replica gets no credit.
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
