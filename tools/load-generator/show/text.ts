/**
 * The result as text in the layout of wrk2 (`wrk -L`), which users and their scripts know, and a line about the
 * progress.
 */
import { type LatencyHistogram, percentileMs, summariseMs } from '../measure/histogram.ts';
import type { LoadResult } from '../send/open-loop.ts';
import type { LoadSetting, SecondReport } from './report.ts';

export function wrk2Text(setting: LoadSetting, result: LoadResult, seconds: readonly SecondReport[]): string {
  const duration = result.durationMs / 1000;
  const latency = summariseMs(result.latency);
  const rates = seconds.map((second) => second.answered);
  const rate = moments(rates);
  const { failures } = result;
  const lines = [
    `Running ${time(result.durationMs)} test @ ${setting.url} (mix ${setting.mix}, ${setting.rate} requests/s)`,
    `  1 threads and ${setting.connections} connections`,
    '  Thread Stats   Avg      Stdev     Max   +/- Stdev',
    `    Latency ${cell(time(latency.mean))}${cell(time(latency.deviation))}${cell(time(latency.max))}` +
      `${cell(percent(withinDeviation(result.latency)))}`,
    `    Req/Sec ${cell(rate.mean.toFixed(2))}${cell(rate.deviation.toFixed(2))}${cell(Math.max(0, ...rates).toFixed(2))}` +
      `${cell(percent(share(rates, (value) => Math.abs(value - rate.mean) <= rate.deviation)))}`,
    '  Latency Distribution (HdrHistogram - Recorded Latency)',
    ...[50, 75, 90, 99, 99.9, 99.99, 99.999, 100].map(
      (percentile) =>
        `${percentile.toFixed(3).padStart(7)}% ${time(percentileMs(result.latency, percentile)).padStart(8)}`,
    ),
    '',
    '  Detailed Percentile spectrum:',
    spectrum(result.latency),
    '----------------------------------------------------------',
    `  ${result.answered} requests in ${time(result.durationMs)}, ${bytes(result.bytes)} read`,
  ];
  if (failures.connect + failures.reset + failures.timeout + failures.notSent > 0) {
    lines.push(
      `  Socket errors: connect ${failures.connect}, reset ${failures.reset}, timeout ${failures.timeout}, ` +
        `not sent in time ${failures.notSent}`,
    );
  }
  if (failures.dropped > 0) lines.push(`  Dropped, too many outstanding: ${failures.dropped}`);
  if (failures.status > 0) lines.push(`  Non-2xx or 3xx responses: ${failures.status}`);
  lines.push(`Requests/sec: ${(result.answered / duration).toFixed(2).padStart(10)}`);
  lines.push(`Transfer/sec: ${bytes(result.bytes / duration).padStart(10)}`);
  return `${lines.join('\n')}\n`;
}

function spectrum(histogram: LatencyHistogram): string {
  if (histogram.totalCount === 0) return '  nothing was recorded\n';
  return histogram.outputPercentileDistribution(5, 1000).trimEnd();
}

function cell(text: string): string {
  return text.padStart(9);
}

function percent(fraction: number): string {
  return `${(fraction * 100).toFixed(2)}%`;
}

/** Time in wrk's units: microseconds, milliseconds, seconds or minutes, with two decimals. */
function time(ms: number): string {
  if (ms < 1) return `${(ms * 1000).toFixed(2)}us`;
  if (ms < 1000) return `${ms.toFixed(2)}ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(2)}s`;
  return `${(ms / 60_000).toFixed(2)}m`;
}

function bytes(count: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log2(count) / 10));
  return `${(count / 1024 ** power).toFixed(2)}${units[power]}`;
}

function moments(values: readonly number[]): { mean: number; deviation: number } {
  const count = Math.max(1, values.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count) };
}

function share(values: readonly number[], test: (value: number) => boolean): number {
  return values.length === 0 ? 0 : values.filter(test).length / values.length;
}

/** Fraction of the recorded values within one deviation of the mean, to 0.1 %, by bisection over percentiles. */
function withinDeviation(histogram: LatencyHistogram): number {
  if (histogram.totalCount === 0) return 0;
  const below = (value: number): number => {
    let low = 0;
    let high = 100;
    while (high - low > 0.05) {
      const middle = (low + high) / 2;
      if (histogram.getValueAtPercentile(middle) <= value) low = middle;
      else high = middle;
    }
    return high / 100;
  };
  return below(histogram.mean + histogram.stdDeviation) - below(histogram.mean - histogram.stdDeviation);
}

export interface ProgressInput {
  readonly elapsedSeconds: number;
  readonly durationSeconds?: number;
  readonly outstanding: number;
  readonly waiting: number;
  readonly failed: number;
  /** The last second whose requests have all ended. */
  readonly last?: SecondReport;
}

export function progressLine(input: ProgressInput): string {
  const of = input.durationSeconds === undefined ? '' : ` of ${input.durationSeconds}`;
  const last = input.last
    ? `${input.last.answered}/s, p50 ${input.last.p50Ms.toFixed(1)} ms, p99 ${input.last.p99Ms.toFixed(1)} ms`
    : 'no second complete yet';
  const waiting = input.waiting > 0 ? ` (${input.waiting} wait for a connection)` : '';
  return `${Math.floor(input.elapsedSeconds)}${of} s: ${last}, ${input.outstanding} outstanding${waiting}, ${input.failed} failed`;
}
