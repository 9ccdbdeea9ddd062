/** What is kept of one service: its figures, its latencies, and the figures of its replicas. */
import type { SpanFigures, Stance } from '../../contract/time-series.ts';
import type { ServiceDecision } from '../../contract/decision.ts';
import { LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import { latencyQuantile } from './latency-quantile.ts';
import { Series } from './series.ts';
import { STEP_MS } from './timeline.ts';

const REQUESTS = 0;
const IN_FLIGHT = 1;
const LATENCY = 2;
/** The first of the histogram's buckets. */
const BUCKETS = 3;

/** Over fewer steps a mean says little. */
const MIN_STEPS = 5;

/** Figures of a service, the buckets of its latency histogram among them. */
export const SERVICE_FIGURES = BUCKETS + LATENCY_BUCKETS;

export class ServiceSeries {
  readonly series = new Series(SERVICE_FIGURES);
  readonly replicas = new Map<string, Series>();
  /** Undefined before the first decision. */
  stance: Stance | undefined;
  /** Nodes that carry it. */
  nodes: ReadonlySet<string> = new Set();

  write(slot: number, { requestsPerSecond, replicas }: ServiceDecision): void {
    const served = replicas.reduce((sum, replica) => sum + replica.requestsPerSecond, 0);
    const inFlight = replicas.reduce((sum, replica) => sum + replica.meanInFlight, 0);
    const seconds = replicas.reduce((sum, each) => sum + each.requestsPerSecond * each.meanLatencySeconds, 0);
    this.series.set(slot, REQUESTS, requestsPerSecond);
    this.series.set(slot, IN_FLIGHT, inFlight);
    this.series.set(slot, LATENCY, served > 0 ? seconds / served : NaN);
  }

  /** Adds requests that a replica has answered, by their latency. */
  addLatencies(slot: number, buckets: readonly number[]): void {
    for (const [bucket, count] of buckets.entries()) {
      if (count === 0) continue;
      const sum = this.series.get(slot, BUCKETS + bucket);
      this.series.set(slot, BUCKETS + bucket, (Number.isNaN(sum) ? 0 : sum) + count);
    }
  }

  read(slots: readonly number[]) {
    return {
      requestsPerSecond: this.series.read(slots, REQUESTS),
      inFlight: this.series.read(slots, IN_FLIGHT),
      meanLatencySeconds: this.series.read(slots, LATENCY),
    };
  }

  /**
   * What it was like over some steps; null when they are too few.
   *
   * @param utilisations of the nodes that carry it, over the same steps
   */
  over(slots: readonly number[], utilisations: readonly number[]): SpanFigures | null {
    if (slots.length < MIN_STEPS) return null;
    const counts = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) =>
      slots.reduce((sum, slot) => sum + (this.series.get(slot, BUCKETS + bucket) || 0), 0),
    );
    return {
      seconds: (slots.length * STEP_MS) / 1000,
      p50Seconds: latencyQuantile(counts, 0.5) ?? null,
      p99Seconds: latencyQuantile(counts, 0.99) ?? null,
      meanLatencySeconds: this.series.mean(slots, LATENCY) ?? null,
      requestsPerSecond: this.series.mean(slots, REQUESTS) ?? null,
      inFlight: this.series.mean(slots, IN_FLIGHT) ?? null,
      busiestNode: utilisations.length > 0 ? Math.max(...utilisations) : null,
      idlestNode: utilisations.length > 0 ? Math.min(...utilisations) : null,
    };
  }
}
