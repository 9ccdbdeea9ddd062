/** Counts the requests that this replica answered, by outcome, and their latency. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { type Percentiles, RecentLatency } from './recent-latency.ts';

/** The answer was ranked for the user, was the trending list instead, or was a refusal. */
type Outcome = 'ranked' | 'trending' | 'refused';

export interface ServedCounts {
  readonly ranked: number;
  readonly trending: number;
  readonly refused: number;
  /** Over the last 30 to 60 seconds; undefined if there were no requests. */
  readonly latency: Percentiles | undefined;
}

export class Served {
  readonly #now: () => number;
  readonly #counts: Record<Outcome, number> = { ranked: 0, trending: 0, refused: 0 };
  readonly #latency: RecentLatency;
  readonly #requests;
  readonly #duration;

  /** @param now ms of a monotonic clock */
  constructor(registry: Registry, now: () => number) {
    this.#now = now;
    this.#latency = new RecentLatency(now());
    const registers = [registry];
    this.#requests = new Counter({
      name: 'video_recommendation_requests_total',
      help: 'Recommendations asked for: ranked for the user, trending videos instead, or refused',
      labelNames: ['outcome'] as const,
      registers,
    });
    this.#duration = new Histogram({
      name: 'video_recommendation_duration_seconds',
      help: 'Time that recommendations took',
      buckets: [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    });
  }

  record(outcome: Outcome, ms: number): void {
    this.#counts[outcome] += 1;
    this.#latency.record(ms, this.#now());
    this.#requests.inc({ outcome });
    this.#duration.observe(ms / 1000);
  }

  snapshot(): ServedCounts {
    return { ...this.#counts, latency: this.#latency.percentiles(this.#now()) };
  }
}
