/** The result as JSON: the output of `--json`, and one line of `--stream`. */
import {
  encodeHistogram,
  type LatencyHistogram,
  type LatencySummary,
  percentileMs,
  summariseMs,
} from '../measure/histogram.ts';
import type { FailureCounts, LoadSecond } from '../measure/tally.ts';
import type { LoadResult } from '../send/open-loop.ts';

export interface LoadSetting {
  readonly url: string;
  readonly mix: string;
  readonly rate: number;
  readonly connections: number;
  readonly timeoutSeconds: number;
  readonly seed: number;
}

/** One second of the load. Latencies are in ms, and 0 if nothing was answered. */
export interface SecondReport {
  readonly second: number;
  readonly startMs: number;
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
  readonly failures: Readonly<FailureCounts>;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadReport {
  readonly setting: LoadSetting;
  readonly startMs: number;
  readonly durationSeconds: number;
  readonly requests: number;
  readonly answered: number;
  readonly failed: number;
  readonly failures: Readonly<FailureCounts>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly replicas: Readonly<Record<string, number>>;
  readonly requestsPerSecond: number;
  readonly answeredPerSecond: number;
  readonly bytes: number;
  readonly latencyMs: LatencySummary;
  readonly sendDelayMs: LatencySummary;
  /** CPU time of the generator itself, ms per request. */
  readonly cpuMsPerRequest: number;
  readonly seconds: readonly SecondReport[];
  /** All latencies in microseconds: HdrHistogram V2, compressed, base64. */
  readonly histogram: string;
}

export function reportSecond(second: LoadSecond): SecondReport {
  return {
    second: second.index,
    startMs: second.startMs,
    requests: second.due,
    answered: second.answered,
    failed: second.failed,
    failures: second.failures,
    p50Ms: percentileMs(second.latency, 50),
    p99Ms: percentileMs(second.latency, 99),
    maxMs: maxMs(second.latency),
  };
}

export function reportLoad(
  setting: LoadSetting,
  result: LoadResult,
  seconds: readonly SecondReport[],
  cpuSeconds: number,
): LoadReport {
  const durationSeconds = result.durationMs / 1000;
  return {
    setting,
    startMs: result.startMs,
    durationSeconds,
    requests: result.due,
    answered: result.answered,
    failed: result.failed,
    failures: result.failures,
    statuses: result.statuses,
    replicas: result.replicas,
    requestsPerSecond: result.due / durationSeconds,
    answeredPerSecond: result.answered / durationSeconds,
    bytes: result.bytes,
    latencyMs: summariseMs(result.latency),
    sendDelayMs: summariseMs(result.sendDelay),
    cpuMsPerRequest: result.due === 0 ? 0 : (cpuSeconds * 1000) / result.due,
    seconds,
    histogram: encodeHistogram(result.latency),
  };
}

function maxMs(histogram: LatencyHistogram): number {
  return histogram.totalCount === 0 ? 0 : histogram.maxValue / 1000;
}
