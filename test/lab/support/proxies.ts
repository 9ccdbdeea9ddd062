/** What the plugin counts in the proxies of pods: docs/reference/plugin-metrics.md. */
import type { Pod } from './pods.ts';

const PATIENCE_MS = 5_000;

/** Value of a counter or gauge, such as `ballast_picks_total`; 0 where a proxy does not have it (yet). */
export async function proxyMetric({ ip }: Pod, name: string): Promise<number> {
  const address = `http://${ip}:15090/stats/prometheus?filter=${name}`;
  const response = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const line = new RegExp(`^${name}\\{\\} (\\d+)$`, 'm').exec(await response.text());
  return Number(line?.[1] ?? 0);
}

const FALLBACKS = ['without_table', 'without_replica', 'over_stream_limit'];

/** Requests that these proxies left to Istio. */
export async function fallbacksOf(pods: readonly Pod[]): Promise<number> {
  const counts = await Promise.all(
    pods.flatMap((pod) => FALLBACKS.map((reason) => proxyMetric(pod, `ballast_fallbacks_${reason}_total`))),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
