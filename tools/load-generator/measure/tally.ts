/** Counts what became of each request, by the second in which it was due. Pure: it is told the times. */
import { type LatencyHistogram, latencyHistogram, recordMs } from './histogram.ts';

/**
 * Why a request failed: an answer of 400 and above; no connection; the connection broke before the answer was whole;
 * no answer in time; not even sent in time, because every connection waited for the answer to an earlier request; or
 * dropped when it fell due, because as many were outstanding as may be.
 */
export const FAILURE_KINDS = ['status', 'connect', 'reset', 'timeout', 'notSent', 'dropped'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];
export type FailureCounts = Record<FailureKind, number>;

/** What the sender saw. `replica` is the value of the response header that names who answered, if one was asked for. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number; readonly bytes: number; readonly replica?: string }
  | { readonly kind: Exclude<FailureKind, 'status'> };

export interface LoadSecond {
  /** 0 for the first second of the run. */
  readonly index: number;
  /** Wall clock at its begin, ms since 1970. */
  readonly startMs: number;
  /** Requests that were due in this second; each is in `answered` or in one of `failures`. */
  readonly due: number;
  readonly answered: number;
  readonly failed: number;
  readonly failures: Readonly<FailureCounts>;
  /** Microseconds from when a request was due to the end of its answer; see `Tally.settled` for failed ones. */
  readonly latency: LatencyHistogram;
}

export interface LoadTotals {
  due: number;
  answered: number;
  failed: number;
  readonly failures: FailureCounts;
  readonly statuses: Record<string, number>;
  readonly replicas: Record<string, number>;
  /** Bytes of answers' bodies. */
  bytes: number;
  readonly latency: LatencyHistogram;
}

interface OpenSecond extends LoadSecond {
  due: number;
  answered: number;
  failed: number;
  readonly failures: FailureCounts;
}

export class Tally {
  readonly totals: LoadTotals = {
    due: 0,
    answered: 0,
    failed: 0,
    failures: noFailures(),
    statuses: {},
    replicas: {},
    bytes: 0,
    latency: latencyHistogram(),
  };
  readonly #startMs: number;
  readonly #open = new Map<number, OpenSecond>();
  #closed = 0;

  /** `startMs`: wall clock at the run's begin. */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** A request is due now, `offsetMs` after the run's begin. */
  due(offsetMs: number): void {
    this.#second(offsetMs).due += 1;
    this.totals.due += 1;
  }

  /**
   * A request that was due at `offsetMs` came to its end after `latencyMs`. One that timed out (sent or not) enters the
   * histogram with the time it waited, for whoever sent it waited that long and leaving it out would flatter the tail;
   * other failures do not, since a quick refusal would flatter it too.
   */
  settled(offsetMs: number, latencyMs: number, outcome: Outcome): void {
    const second = this.#second(offsetMs);
    const failed = failureOf(outcome);
    if (failed !== undefined) {
      for (const count of [second, this.totals]) {
        count.failed += 1;
        count.failures[failed] += 1;
      }
    } else {
      second.answered += 1;
      this.totals.answered += 1;
    }
    if (failed === undefined || failed === 'timeout' || failed === 'notSent') {
      recordMs(second.latency, latencyMs);
      recordMs(this.totals.latency, latencyMs);
    }
    if (outcome.kind !== 'answered') return;
    this.totals.bytes += outcome.bytes;
    increment(this.totals.statuses, String(outcome.status));
    if (outcome.replica !== undefined) increment(this.totals.replicas, outcome.replica);
  }

  /**
   * Seconds, in order, that lie before `offsetMs` and whose requests have all come to their end. Each is given once.
   */
  *close(offsetMs: number): Generator<LoadSecond> {
    while ((this.#closed + 1) * 1000 <= offsetMs) {
      const second = this.#open.get(this.#closed) ?? this.#empty(this.#closed);
      if (second.answered + second.failed < second.due) return;
      this.#open.delete(this.#closed);
      this.#closed += 1;
      yield second;
    }
  }

  #second(offsetMs: number): OpenSecond {
    const index = Math.floor(offsetMs / 1000);
    let second = this.#open.get(index);
    if (!second) {
      second = this.#empty(index);
      this.#open.set(index, second);
    }
    return second;
  }

  #empty(index: number): OpenSecond {
    const startMs = this.#startMs + index * 1000;
    return { index, startMs, due: 0, answered: 0, failed: 0, failures: noFailures(), latency: latencyHistogram() };
  }
}

function failureOf(outcome: Outcome): FailureKind | undefined {
  if (outcome.kind !== 'answered') return outcome.kind;
  return outcome.status >= 400 ? 'status' : undefined;
}

function noFailures(): FailureCounts {
  return { status: 0, connect: 0, reset: 0, timeout: 0, notSent: 0, dropped: 0 };
}

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
