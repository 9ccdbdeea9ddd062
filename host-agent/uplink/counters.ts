/** Counters of requests that VMs count and the agent adds up. */

export interface Counters {
  readonly requests: number;
  readonly failures: number;
  readonly unreached: number;
  readonly answered: number;
  /** Of a called replica the latencies of what was answered; of a pod the time integral of its requests in flight. */
  readonly seconds: number;
}

/** A sum of counters that only rises. */
export class CounterSum implements Counters {
  requests = 0;
  failures = 0;
  unreached = 0;
  answered = 0;
  seconds = 0;
  /** It rose since it was last reported. */
  isChanged = false;

  /** Adds what was counted since `before`; without it everything. */
  add(next: Counters, before: Counters | undefined): void {
    this.requests += next.requests - (before?.requests ?? 0);
    this.failures += next.failures - (before?.failures ?? 0);
    this.unreached += next.unreached - (before?.unreached ?? 0);
    this.answered += next.answered - (before?.answered ?? 0);
    this.seconds += next.seconds - (before?.seconds ?? 0);
    this.isChanged ||= !before || !isSame(next, before);
  }
}

function isSame(a: Counters, b: Counters): boolean {
  return a.requests === b.requests && a.answered === b.answered && a.failures === b.failures && a.seconds === b.seconds;
}

/** Whether some counter is lower than before: the VM began to count anew. */
export function hasFallen(next: Counters, before: Counters): boolean {
  return (
    next.requests < before.requests ||
    next.failures < before.failures ||
    next.unreached < before.unreached ||
    next.answered < before.answered ||
    next.seconds < before.seconds
  );
}

/** Microseconds are enough for a report. */
export function roundSeconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
