/** Requests, errors and latency of every replica that this one called: for the page, as JSON, and for Prometheus. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { type Percentiles, RecentLatency } from './recent-latency.ts';

/** Maximum number of replicas. Replicas come and go under new names, so the least recently called ones are dropped. */
const MAX_REPLICAS = 200;
/** Name of the row for calls that no replica answered. */
const NONE = 'none';

const OUTCOMES = ['answered', 'failed'] as const;

export interface Call {
  /** `<service>.<namespace>` */
  readonly dependency: string;
  /** From `x-served-by`; undefined if nothing answered or the response has no name. */
  readonly replica: string | undefined;
  readonly ms: number;
  /** There was no answer, or its status was 500 or above. */
  readonly hasFailed: boolean;
}

export interface ReplicaTraffic {
  readonly replica: string;
  readonly requests: number;
  readonly errors: number;
  /** Over the last 30 to 60 seconds; undefined if it was not called. */
  readonly latency: Percentiles | undefined;
}

export interface DependencyTraffic {
  readonly dependency: string;
  /** By name. */
  readonly replicas: readonly ReplicaTraffic[];
}

interface Row {
  readonly dependency: string;
  readonly replica: string;
  requests: number;
  errors: number;
  lastAsked: number;
  readonly latency: RecentLatency;
}

export class Traffic {
  readonly #now: () => number;
  readonly #rows = new Map<string, Row>();
  readonly #requests;
  readonly #duration;

  /** @param now ms of a monotonic clock */
  constructor(registry: Registry, now: () => number) {
    this.#now = now;
    const registers = [registry];
    this.#requests = new Counter({
      name: 'video_recommendation_dependency_requests_total',
      help: 'Requests to other services, by the replica that answered (none: there was no answer)',
      labelNames: ['dependency', 'replica', 'outcome'] as const,
      registers,
    });
    this.#duration = new Histogram({
      name: 'video_recommendation_dependency_duration_seconds',
      help: 'Time until the answer was there as a whole, by the replica that answered',
      labelNames: ['dependency', 'replica'] as const,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
      registers,
    });
  }

  record({ dependency, replica = NONE, ms, hasFailed }: Call): void {
    const now = this.#now();
    const row = this.#row(dependency, replica, now);
    row.requests += 1;
    if (hasFailed) row.errors += 1;
    row.lastAsked = now;
    row.latency.record(ms, now);
    this.#requests.inc({ dependency, replica, outcome: hasFailed ? 'failed' : 'answered' });
    this.#duration.observe({ dependency, replica }, ms / 1000);
  }

  /** By name of the dependency. */
  snapshot(): DependencyTraffic[] {
    const now = this.#now();
    const groups = Map.groupBy(this.#rows.values(), ({ dependency }) => dependency);
    return [...groups]
      .map(([dependency, rows]) => ({
        dependency,
        replicas: rows
          .map(({ replica, requests, errors, latency }) => ({
            replica,
            requests,
            errors,
            latency: latency.percentiles(now),
          }))
          .toSorted((a, b) => a.replica.localeCompare(b.replica, 'en', { numeric: true })),
      }))
      .toSorted((a, b) => a.dependency.localeCompare(b.dependency, 'en'));
  }

  #row(dependency: string, replica: string, now: number): Row {
    const key = `${dependency} ${replica}`;
    const known = this.#rows.get(key);
    if (known) return known;
    if (this.#rows.size >= MAX_REPLICAS) this.#forgetOldest();
    const row = { dependency, replica, requests: 0, errors: 0, lastAsked: now, latency: new RecentLatency(now) };
    this.#rows.set(key, row);
    return row;
  }

  #forgetOldest(): void {
    const oldest = [...this.#rows].reduce((a, b) => (b[1].lastAsked < a[1].lastAsked ? b : a));
    this.#rows.delete(oldest[0]);
    const { dependency, replica } = oldest[1];
    for (const outcome of OUTCOMES) this.#requests.remove({ dependency, replica, outcome });
    this.#duration.remove({ dependency, replica });
  }
}
