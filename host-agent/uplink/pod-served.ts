/**
 * What the proxy of one pod saw come in, as counters since the agent started, and the windows in which it was counted. A
 * window ends when all VMs of the proxy have posted, so that it holds the whole proxy and not a part of it.
 */
import { LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import type { ServedRow } from '../../contract/node-report.ts';
import { type Counters, CounterSum, roundSeconds } from './counters.ts';

/** A VM that has something to post does so this often. */
const POST_MS = 2000;
/** Without a post for longer a pod is idle: no VM counts anything. */
const IDLE_MS = 2900;
/** Windows without requests that are reported of an idle pod, so that what the controller smooths comes to rest. */
const MAX_IDLE_WINDOWS = 5;
/** Rows that wait for a report; an older window then becomes a part of the one after it. */
const MAX_ROWS = 2;

export class PodServed {
  readonly #pod: string;
  readonly #sum = new CounterSum();
  readonly #buckets = new Float64Array(LATENCY_BUCKETS);
  #rows: ServedRow[] = [];
  #last: ServedRow;
  #lastPostAt: number;
  #idleWindows = 0;

  /** @param openedAt since when the first window counts, ms of the monotonic clock */
  constructor(pod: string, now: number, openedAt: number) {
    this.#pod = pod;
    this.#lastPostAt = now;
    this.#last = this.#row(openedAt, 0);
    this.#rows.push(this.#last);
  }

  /**
   * A VM posted. Ends the time in which the pod was idle.
   *
   * @param isNext no post of the VM before this one was lost
   */
  post(now: number, inFlight: number, isNext: boolean): void {
    const isIdle = isNext && now - this.#lastPostAt >= IDLE_MS;
    this.#lastPostAt = now;
    this.#idleWindows = 0;
    // The VM posts within this time of the first request that it counts: the rest was idle.
    if (isIdle && now - POST_MS > this.#last[1]) this.close(now - POST_MS, inFlight);
  }

  add(next: Counters, buckets: readonly number[], before: ServedCounts | undefined): void {
    this.#sum.add(next, before);
    for (let index = 0; index < LATENCY_BUCKETS; index++) {
      this.#buckets[index] =
        (this.#buckets[index] ?? 0) + Math.max(0, (buckets[index] ?? 0) - (before?.buckets[index] ?? 0));
    }
  }

  /** Ends the window. */
  close(now: number, inFlight: number): void {
    this.#last = this.#row(now, inFlight);
    this.#rows.push(this.#last);
    if (this.#rows.length > MAX_ROWS) this.#rows.shift();
  }

  /** Ends windows of a pod that is idle. */
  tick(now: number, inFlight: number): void {
    if (this.#idleWindows >= MAX_IDLE_WINDOWS || now - this.#lastPostAt < IDLE_MS) return;
    if (now - this.#last[1] < POST_MS) return;
    this.#idleWindows++;
    this.close(now, inFlight);
  }

  /** The windows that ended since the last report; of all of them only the last for a full one. */
  take(full: boolean): readonly ServedRow[] {
    const rows = full ? [this.#last] : this.#rows;
    this.#rows = [];
    return rows;
  }

  #row(atMs: number, inFlight: number): ServedRow {
    const { requests, failures, seconds } = this.#sum;
    const first = this.#buckets.findIndex((count) => count > 0);
    const counts = first < 0 ? [] : Array.from(this.#buckets.subarray(first, lastIndex(this.#buckets) + 1));
    const at = Math.max(0, Math.round(atMs * 1000) / 1000);
    return [this.#pod, at, requests, failures, inFlight, roundSeconds(seconds), Math.max(0, first), counts];
  }
}

/** What a VM said last of the requests that it served. */
export interface ServedCounts extends Counters {
  readonly inFlight: number;
  readonly buckets: readonly number[];
}

function lastIndex(buckets: Float64Array): number {
  return buckets.findLastIndex((count) => count > 0);
}
