/**
 * How long to work in each period, so that the CPU time used (not the time passed) gives the requested fraction of a
 * core.
 */

/**
 * Maximum deficit that is made up for, in ms of the period's share. Without it, the end of a CPU limit would cause a
 * burst.
 */
const MEMORY_MS = 100;

export interface DutyCycle {
  /** Length of a period, ms. */
  readonly periodMs: number;
  /** Cores to use, 0 to 1. */
  readonly share: number;
}

/**
 * CPU time to use in this period, ms: at most a whole period. `elapsedMs` and `takenMs` are time and CPU time since the
 * start. `forgivenMs` is the deficit that earlier calls wrote off; pass the returned value to the next call.
 */
export function workOfPeriod(
  cycle: DutyCycle,
  elapsedMs: number,
  takenMs: number,
  forgivenMs: number,
): { readonly workMs: number; readonly forgivenMs: number } {
  const behind = cycle.share * elapsedMs - takenMs - forgivenMs;
  const forgiven = Math.max(0, behind - cycle.share * MEMORY_MS);
  const due = behind - forgiven + cycle.share * cycle.periodMs;
  return { workMs: Math.min(cycle.periodMs, Math.max(0, due)), forgivenMs: forgivenMs + forgiven };
}
