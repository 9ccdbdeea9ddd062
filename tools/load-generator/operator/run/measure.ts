/** The result of a load in the form of the custom resources. Pure. */
import { summariseMs } from '../../measure/histogram.ts';
import type { LoadTotals } from '../../measure/tally.ts';
import type { Progress } from '../api/request-status.ts';
import type { Measured } from '../api/result.ts';

/** Maximum number of replicas in a result, and in its text. */
const LISTED = 1000;
const SHOWN = 10;

/** @param seconds time over which requests have been due so far */
export function progressOf(totals: Readonly<LoadTotals>, seconds: number): Progress {
  const { p50, p99 } = summariseMs(totals.latency);
  return {
    requests: totals.due,
    succeeded: totals.answered,
    failed: totals.failed,
    dropped: totals.failures.dropped,
    achievedQps: rate(totals.answered, seconds),
    p50Ms: rounded(p50),
    p99Ms: rounded(p99),
  };
}

export interface RunTimes {
  readonly startTime: string;
  readonly endTime: string;
  /** Time over which requests were due. */
  readonly seconds: number;
}

export function measuredOf(totals: Readonly<LoadTotals>, outcome: Measured['outcome'], times: RunTimes): Measured {
  const { mean, p50, p75, p90, p95, p99, p999, max } = summariseMs(totals.latency);
  const replicas = replicasOf(totals.replicas);
  return {
    outcome,
    startTime: times.startTime,
    endTime: times.endTime,
    requests: totals.due,
    succeeded: totals.answered,
    failed: totals.failed,
    failures: { ...totals.failures },
    achievedQps: rate(totals.answered, times.seconds),
    latencyMs: roundedEach({ mean, p50, p75, p90, p95, p99, p999, max }),
    replicas,
    distribution: describe(replicas),
  };
}

function roundedEach<Key extends string>(values: Readonly<Record<Key, number>>): Record<Key, number> {
  const entries = Object.entries<number>(values).map(([name, value]) => [name, rounded(value)]);
  return Object.fromEntries(entries) as Record<Key, number>;
}

function replicasOf(counts: Readonly<Record<string, number>>): Measured['replicas'] {
  const total = Object.values(counts).reduce((sum, requests) => sum + requests, 0);
  return Object.entries(counts)
    .map(([name, requests]) => ({ name: name.slice(0, 253), requests, percent: rounded((100 * requests) / total) }))
    .toSorted((a, b) => b.requests - a.requests || a.name.localeCompare(b.name, 'en', { numeric: true }))
    .slice(0, LISTED);
}

/** `search-0 40%, search-1 35%, search-2 25%`; '' if no answer named a replica. */
function describe(replicas: Measured['replicas']): string {
  const shown = replicas.slice(0, SHOWN).map(({ name, percent }) => `${name.slice(0, 80)} ${Math.round(percent)}%`);
  const more = replicas.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function rate(requests: number, seconds: number): number {
  return seconds > 0 ? rounded(requests / seconds) : 0;
}

/** Rounded to a thousandth, so that it is short and does not change when it is read back. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
