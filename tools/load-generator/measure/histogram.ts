/** HDR histograms of microseconds, with three significant digits over any range. They can be merged without loss. */
import * as hdr from 'hdr-histogram-js';

export type LatencyHistogram = hdr.Histogram;

export function latencyHistogram(): LatencyHistogram {
  return hdr.build({ bitBucketSize: 32, autoResize: true, numberOfSignificantValueDigits: 3 });
}

export function recordMs(histogram: LatencyHistogram, ms: number): void {
  histogram.recordValue(Math.max(0, Math.round(ms * 1000)));
}

/** The sum of the histograms, which stay unchanged. */
export function mergeHistograms(parts: Iterable<LatencyHistogram>): LatencyHistogram {
  const merged = latencyHistogram();
  for (const part of parts) merged.add(part);
  return merged;
}

/** `percentile` is from 0 to 100. Returns 0 for an empty histogram. */
export function percentileMs(histogram: LatencyHistogram, percentile: number): number {
  return histogram.totalCount === 0 ? 0 : histogram.getValueAtPercentile(percentile) / 1000;
}

export interface LatencySummary {
  readonly mean: number;
  readonly deviation: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly p9999: number;
  readonly max: number;
}

/** Mean, deviation and percentiles in milliseconds; all 0 for an empty histogram. */
export function summariseMs(histogram: LatencyHistogram): LatencySummary {
  const empty = histogram.totalCount === 0;
  return {
    mean: empty ? 0 : histogram.mean / 1000,
    deviation: empty ? 0 : histogram.stdDeviation / 1000,
    p50: percentileMs(histogram, 50),
    p75: percentileMs(histogram, 75),
    p90: percentileMs(histogram, 90),
    p95: percentileMs(histogram, 95),
    p99: percentileMs(histogram, 99),
    p999: percentileMs(histogram, 99.9),
    p9999: percentileMs(histogram, 99.99),
    max: empty ? 0 : histogram.maxValue / 1000,
  };
}

/** HdrHistogram's interchange format (V2, compressed, base64), which tools in other languages can read. */
export function encodeHistogram(histogram: LatencyHistogram): string {
  return hdr.encodeIntoCompressedBase64(histogram);
}

export function decodeHistogram(text: string): LatencyHistogram {
  return hdr.decodeFromCompressedBase64(text, 32);
}
