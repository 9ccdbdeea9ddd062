/** Latency percentiles over the last 30 to 60 seconds. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

const SLOT_MS = 30_000;
const MAX_US = 60_000_000;

function emptyHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: MAX_US, figures: 2 });
}

export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export class RecentLatency {
  #current = emptyHistogram();
  #previous = emptyHistogram();
  #until: number;

  /** @param now ms of a monotonic clock, as in the other methods */
  constructor(now: number) {
    this.#until = now + SLOT_MS;
  }

  record(ms: number, now: number): void {
    this.#turn(now);
    this.#current.record(Math.min(MAX_US, Math.max(1, Math.round(ms * 1000))));
  }

  /** Undefined if nothing was recorded in that time. */
  percentiles(now: number): Percentiles | undefined {
    this.#turn(now);
    const both = emptyHistogram();
    both.add(this.#current);
    both.add(this.#previous);
    if (both.count === 0) return undefined;
    return { p50Ms: both.percentile(50) / 1000, p99Ms: both.percentile(99) / 1000 };
  }

  #turn(now: number): void {
    if (now < this.#until) return;
    const isLongPast = now >= this.#until + SLOT_MS;
    this.#previous = isLongPast ? emptyHistogram() : this.#current;
    this.#current = emptyHistogram();
    this.#until = now + SLOT_MS;
  }
}
