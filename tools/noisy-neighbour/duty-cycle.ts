/**
 * How long to work in each period so that the CPU taken, not the time passed, comes to the share that was asked for.
 */

/**
 * Longest time that a debt is carried: what a limit took away for longer is gone, and is not made up for in a burst.
 */
const MEMORY_MS = 100;

export interface DutyCycle {
  /** Length of a period, ms. */
  readonly periodMs: number;
  /** Cores to take, 0 to 1. */
  readonly share: number;
}

/**
 * CPU time to take in this period, ms, from the CPU time taken and the time passed since the start. At most a whole
 * period. `forgivenMs` is what earlier calls wrote off; the next call wants the new value.
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
