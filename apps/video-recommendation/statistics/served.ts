/** What this replica answered itself: how many requests, how, and how long they took. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { type Percentiles, RecentLatency } from './recent-latency.ts';

/** Ranked for the user, trending instead, or neither. */
type Outcome = 'ranked' | 'trending' | 'refused';

export interface ServedFigures {
  readonly ranked: number;
  readonly trending: number;
  readonly refused: number;
  /** Of the last half to whole minute; undefined where nothing was asked. */
  readonly latency: Percentiles | undefined;
}

export class Served {
  readonly #now: () => number;
  readonly #counts: Record<Outcome, number> = { ranked: 0, trending: 0, refused: 0 };
  readonly #latency: RecentLatency;
  readonly #requests;
  readonly #duration;

  /** @param now ms of a clock that does not step */
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

  snapshot(): ServedFigures {
    return { ...this.#counts, latency: this.#latency.percentiles(this.#now()) };
  }
}
