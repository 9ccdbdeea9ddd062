/** Counts the outcomes of requests by the second in which they were due. Pure. */
import { type LatencyHistogram, latencyHistogram, recordMs } from './histogram.ts';

/**
 * Why a request failed. `status`: the answer was 400 or above. `connect`: no connection. `reset`: the connection broke
 * before the end of the answer. `timeout`: no answer in time. `notSent`: not sent in time, because every connection
 * waited for an earlier answer. `dropped`: too many requests were outstanding when it fell due.
 */
export const FAILURE_KINDS = ['status', 'connect', 'reset', 'timeout', 'notSent', 'dropped'] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];
export type FailureCounts = Record<FailureKind, number>;

/** The outcome that the sender saw. `replica` is the value of the response header that names the replica. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number; readonly bytes: number; readonly replica?: string }
  | { readonly kind: Exclude<FailureKind, 'status'> };

export interface LoadSecond {
  /** 0 for the first second of the run. */
  readonly index: number;
  /** Wall clock at its start, ms since 1970. */
  readonly startMs: number;
  /** Requests that were due in this second. Each is in `answered` or in one of `failures`. */
  readonly due: number;
  readonly answered: number;
  readonly failed: number;
  readonly failures: Readonly<FailureCounts>;
  /** Microseconds from when a request was due to the end of its answer. For failed ones see `Tally.settled`. */
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

  /** `startMs` is the wall clock at the start of the run. */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** Counts a request that is due `offsetMs` after the start of the run. */
  due(offsetMs: number): void {
    this.#second(offsetMs).due += 1;
    this.totals.due += 1;
  }

  /**
   * Counts the end of a request that was due at `offsetMs`, after `latencyMs`. A request that timed out (sent or not)
   * is in the histogram with the time that it waited, because its client waited that long. Other failures are not,
   * because quick refusals would make the latency look better.
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

  /** Returns each second before `offsetMs` once, in order, when all of its requests have ended. */
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
