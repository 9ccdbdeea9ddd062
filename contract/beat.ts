/**
 * When agents sample and the controller decides: agents on the wall clock's multiples of their interval, the controller
 * shortly after its own, so that a decision rests on samples that were just taken, of all nodes alike. Clocks that
 * differ cost no more than an interval's delay.
 */

/** What a sample takes to its controller, reading and network included, ms. */
export const SAMPLE_TO_DECISION_MS = 50;

/**
 * Time until the next beat, ms.
 *
 * @param wallMs since 1970
 * @param afterMs how long after the wall clock's multiples of `everyMs` the beats are
 */
export function untilNextBeat(wallMs: number, everyMs: number, afterMs = 0): number {
  const left = everyMs - (wallMs - afterMs - everyMs * Math.floor((wallMs - afterMs) / everyMs));
  // Timers may end a little early, and then the beat that is nearly over is this one.
  return left < everyMs / 4 ? left + everyMs : left;
}
