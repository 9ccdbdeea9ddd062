/** What is kept of one service: its values, its latencies, and the values of its replicas. */
import type { SpanFigures, Stance } from '../../contract/time-series.ts';
import type { ServiceDecision } from '../../contract/decision.ts';
import { Latencies, latencyQuantile } from './latencies.ts';
import { Series, STEP_MS } from './series.ts';

const REQUESTS = 0;
const IN_FLIGHT = 1;
const LATENCY = 2;
const VALUES = 3;

/** A mean over fewer steps says little. */
const MIN_STEPS = 5;

/** Some steps of a time span: of the values, and of the latencies. */
export interface Span {
  readonly slots: readonly number[];
  readonly latencySlots: readonly number[];
}

export class ServiceSeries {
  static readonly bytes = Series.bytes(VALUES, 'single') + Latencies.bytes;
  readonly series = new Series(VALUES, 'single');
  readonly latencies = new Latencies();
  readonly replicas = new Map<string, Series>();
  /** Undefined before the first decision. */
  stance: Stance | undefined;
  /** Nodes that its replicas run on. */
  nodes: ReadonlySet<string> = new Set();

  write(slot: number, { requestsPerSecond, replicas }: ServiceDecision): void {
    let [served, inFlight, seconds] = [0, 0, 0];
    for (const replica of replicas) {
      served += replica.requestsPerSecond;
      inFlight += replica.meanInFlight;
      seconds += replica.requestsPerSecond * replica.meanLatencySeconds;
    }
    this.series.set(slot, REQUESTS, requestsPerSecond);
    this.series.set(slot, IN_FLIGHT, inFlight);
    this.series.set(slot, LATENCY, served > 0 ? seconds / served : NaN);
  }

  read(slots: readonly number[]) {
    return {
      requestsPerSecond: this.series.read(slots, REQUESTS),
      inFlight: this.series.read(slots, IN_FLIGHT),
      meanLatencySeconds: this.series.read(slots, LATENCY),
    };
  }

  /**
   * How the service did in a time span; null when that is too short.
   *
   * @param utilisations of the service's nodes over the same steps
   */
  over({ slots, latencySlots }: Span, utilisations: readonly number[]): SpanFigures | null {
    if (slots.length < MIN_STEPS) return null;
    const counts = this.latencies.sum(latencySlots);
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
