/** Differences and sums of a proxy's counters. */
import type { ServedCounters } from '../../../contract/report.ts';

/** Both sides of a proxy count these; only the caller's side knows of requests that reached nobody. */
export type Counters = Omit<ServedCounters, 'inFlight'> & { readonly unreached?: number };

export interface Counts {
  readonly requests: number;
  readonly failures: number;
  readonly unreached: number;
  readonly inFlightSeconds: number;
  readonly latencyBuckets: readonly number[];
}

type Difference = { readonly ok: true; readonly counts: Counts } | { readonly ok: false; readonly field: string };

/** What was counted since `before` (since the VM started, where that is undefined), or the field that fell. */
export function countsSince(next: Counters, before: Counters | undefined): Difference {
  const counts: Counts = {
    requests: next.requests - (before?.requests ?? 0),
    failures: next.failures - (before?.failures ?? 0),
    unreached: (next.unreached ?? 0) - (before?.unreached ?? 0),
    inFlightSeconds: next.inFlightSeconds - (before?.inFlightSeconds ?? 0),
    latencyBuckets: next.latencyBuckets.map((count, index) => count - (before?.latencyBuckets[index] ?? 0)),
  };
  for (const field of ['requests', 'failures', 'unreached', 'inFlightSeconds'] as const) {
    if (counts[field] < 0) return { ok: false, field };
  }
  const bucket = counts.latencyBuckets.findIndex((count) => count < 0);
  return bucket < 0 ? { ok: true, counts } : { ok: false, field: `latencyBuckets[${bucket}]` };
}

export function addCounts(a: Counts, b: Counts): Counts {
  return {
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    unreached: a.unreached + b.unreached,
    inFlightSeconds: a.inFlightSeconds + b.inFlightSeconds,
    latencyBuckets: a.latencyBuckets.map((count, index) => count + (b.latencyBuckets[index] ?? 0)),
  };
}
