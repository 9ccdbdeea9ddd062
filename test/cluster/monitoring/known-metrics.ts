/** Every series that alerts and dashboard may name, with its labels. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentRegistry, controllerRegistry, describeMetrics } from '../../central-controller/metrics/registries.ts';
import { CONFIGS } from '../install/render.ts';

/** What Prometheus adds to each series of a pod, by the monitors as they are. */
export const TARGET_LABELS = ['namespace', 'pod', 'node', 'instance', 'job'];

/** The plugin's metrics are Envoy's: their page is held against a real one by another test. */
async function pluginMetrics(): Promise<string[]> {
  const page = await readFile(join(CONFIGS, '../docs/reference/plugin-metrics.md'), 'utf8');
  return Array.from(page.matchAll(/^\| `(ballast_\w+)`/gm), ([, name = '']) => name);
}

/** Labels by the name of the series, buckets of histograms and the like among them. */
export async function knownSeries(): Promise<Map<string, readonly string[]>> {
  const series = new Map<string, readonly string[]>();
  for (const { name, type, labelNames } of [controllerRegistry(), agentRegistry()].flatMap(describeMetrics)) {
    const names = type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    for (const each of names) series.set(each, labelNames);
    if (type === 'histogram') series.set(`${name}_bucket`, [...labelNames, 'le']);
  }
  for (const name of await pluginMetrics()) series.set(name, []);
  return series;
}
