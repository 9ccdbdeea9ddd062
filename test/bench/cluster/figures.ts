/** The summary, from the rows of all parts. Pure. */
import type { Round } from '../support/bench.ts';

/** The limit of each figure. */
const FIGURES = [
  { key: 'up_s', label: 'from nothing to balanced', unit: 's', limit: 90 },
  { key: 'scale_failed_endpoint', label: 'failed while scaling, Endpoint routing', unit: '', limit: 0 },
  { key: 'rolling_failed_endpoint', label: 'failed in a rolling update, Endpoint routing', unit: '', limit: 0 },
  { key: 'scale_failed_subset', label: 'failed while scaling, Subset routing', unit: '' },
  { key: 'rolling_failed_subset', label: 'failed in a rolling update, Subset routing', unit: '' },
  { key: 'cpu_to_pick_ms_p99', label: "a node's CPU changes until all pick by it, p99", unit: 'ms', limit: 1000 },
  { key: 'first_request_ms_p99', label: 'a replica is ready until its first request, p99', unit: 'ms', limit: 2000 },
  { key: 'controller_rss_mb', label: 'memory of the controller', unit: 'MB', limit: 150 },
  { key: 'controller_cpu_percent', label: 'CPU of the controller', unit: '% of a core', limit: 5 },
  { key: 'agent_rss_mb', label: 'memory of an agent, the largest', unit: 'MB', limit: 80 },
  { key: 'agent_cpu_percent', label: 'CPU of an agent, the highest', unit: '% of a core', limit: 1 },
] as const;

export interface Figure {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
  readonly limit?: number;
  readonly value: number;
}

/** Nearest-rank percentile (0 to 1). */
function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

function column(rows: readonly Round[], name: string): number[] {
  return rows.flatMap((row) => (typeof row[name] === 'number' ? [row[name]] : []));
}

/** Figures of the parts that were measured. `measure` in a row names its part. */
export function summarise(rows: readonly Round[]): Record<string, number> {
  const of = (measure: string) => rows.filter((row) => row['measure'] === measure);
  const failed = (routing: string, rolling: boolean): number[] => {
    const matching = of('changes').filter(
      (row) => row['routing'] === routing && (row['change'] === 'rolling update') === rolling,
    );
    const counts = column(matching, 'failed');
    return counts.length === 0 ? [] : [counts.reduce((sum, count) => sum + count, 0)];
  };
  const p99 = (values: readonly number[]): number[] => (values.length === 0 ? [] : [percentile(values, 0.99)]);
  const highest = (part: string, name: string): number[] => {
    const values = column(
      of('cost').filter((row) => row['part'] === part),
      name,
    );
    return values.length === 0 ? [] : [Math.max(...values)];
  };
  const found: Record<(typeof FIGURES)[number]['key'], number[]> = {
    up_s: column(of('up'), 'up_s'),
    scale_failed_endpoint: failed('Endpoint', false),
    rolling_failed_endpoint: failed('Endpoint', true),
    scale_failed_subset: failed('Subset', false),
    rolling_failed_subset: failed('Subset', true),
    cpu_to_pick_ms_p99: p99(column(of('reaction'), 'used_ms')),
    first_request_ms_p99: p99(column(of('first request'), 'wait_ms')),
    controller_rss_mb: highest('controller', 'rss_mb'),
    controller_cpu_percent: highest('controller', 'cpu_percent'),
    agent_rss_mb: highest('agent', 'rss_mb'),
    agent_cpu_percent: highest('agent', 'cpu_percent'),
  };
  return Object.fromEntries(
    Object.entries(found).flatMap(([key, [value]]) => (value === undefined ? [] : [[key, value]])),
  );
}

/** Figures of the summary with their names and limits, in the order of the page. */
export function metricsOf(summary: Readonly<Record<string, number>>): Figure[] {
  return FIGURES.flatMap((figure) => {
    const value = summary[figure.key];
    return value === undefined ? [] : [{ ...figure, value }];
  });
}
