import { TIMEOUT_SECONDS } from '../fleet/fleet.ts';
import type { RunResult } from '../fleet/run.ts';

/** One run by names, as a worker gets it. */
export interface Job {
  readonly workload: string;
  readonly policy: string;
  readonly seed: number;
}

/** Result of one run. Latencies in ms; a failed request counts with the timeout. */
export interface Figures {
  readonly requests: number;
  readonly failures: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly mean: number;
}

/** A worker's response. */
export type Outcome = { readonly figures: Figures } | { readonly problem: string };

export function metricsOf({ latencies, failures }: RunResult): Figures {
  const requests = latencies.length;
  const quantile = (part: number): number => 1000 * (latencies[Math.floor(part * requests)] ?? TIMEOUT_SECONDS);
  return {
    requests,
    failures,
    p50: quantile(0.5),
    p99: quantile(0.99),
    p999: quantile(0.999),
    mean: (1000 * latencies.reduce((sum, latency) => sum + latency, 0)) / requests,
  };
}
