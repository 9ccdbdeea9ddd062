/** The distribution of response times, in figures and as a judgement. Pure. */
import type { Sent } from './send-pictures.ts';

export interface Distribution {
  readonly requests: number;
  /** Of these, without a PDF; their times are not in the figures. */
  readonly failed: number;
  readonly firstError: string | undefined;
  readonly meanMs: number;
  readonly deviationMs: number;
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** From the first request to the last answer. */
  readonly perSecond: number;
  /** PDFs by replica, by name. */
  readonly replicas: Readonly<Record<string, number>>;
}

/** Nearest rank: the smallest of the times that so many of all are not above. */
function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

/** NaN for the times where no request has a PDF. */
export function distributionOf(sent: readonly Sent[]): Distribution {
  const served = sent.filter(({ error }) => error === undefined);
  const sorted = served.map(({ ms }) => ms).toSorted((a, b) => a - b);
  const mean = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
  const variance = sorted.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / Math.max(1, sorted.length - 1);
  const endMs = sent.reduce((latest, { atMs, ms }) => Math.max(latest, atMs + ms), 0);
  const names = Map.groupBy(served, ({ replica }) => replica || '(no name)');
  const counts = [...names].map(([name, requests]) => [name, requests.length] as const);
  return {
    requests: sent.length,
    failed: sent.length - served.length,
    firstError: sent.find(({ error }) => error !== undefined)?.error,
    meanMs: mean,
    deviationMs: Math.sqrt(variance),
    minMs: sorted[0] ?? NaN,
    p50Ms: percentile(sorted, 0.5),
    p90Ms: percentile(sorted, 0.9),
    p95Ms: percentile(sorted, 0.95),
    p99Ms: percentile(sorted, 0.99),
    maxMs: sorted.at(-1) ?? NaN,
    perSecond: endMs === 0 ? 0 : (served.length / endMs) * 1000,
    replicas: Object.fromEntries(counts.toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))),
  };
}

export interface Bin {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** So many bins of the same width from 0 to the slowest. */
export function binsOf(sent: readonly Sent[], count: number): Bin[] {
  const times = sent.filter(({ error }) => error === undefined).map(({ ms }) => ms);
  const width = times.reduce((slowest, ms) => Math.max(slowest, ms), 0) / count || 1;
  const bins = Array.from({ length: count }, () => 0);
  for (const ms of times) {
    const index = Math.min(count - 1, Math.floor(ms / width));
    bins[index] = (bins[index] ?? 0) + 1;
  }
  return bins.map((found, index) => ({ fromMs: index * width, toMs: (index + 1) * width, count: found }));
}

/** One sentence: what a client can count on, and how even the times are. */
export function judge({ requests, failed, meanMs, deviationMs, p95Ms, p50Ms }: Distribution): string {
  if (failed === requests) return 'No picture was converted.';
  const spread = deviationMs / meanMs;
  const evenness =
    spread < 0.25 ? 'Times are even' : spread < 0.75 ? 'Times vary' : 'Times vary widely: some requests wait long';
  const failures = failed === 0 ? '' : `, and ${failed} of ${requests} requests failed`;
  const ratio = (p95Ms / p50Ms).toFixed(1);
  return `${evenness} (deviation ${Math.round(100 * spread)} % of the mean): one in twenty takes ${ratio} times the median or more${failures}.`;
}
