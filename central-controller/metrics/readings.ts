/** Gauges that are computed during a scrape and cost nothing between scrapes. */
import { Gauge, type Registry } from 'prom-client';

/** One number; no series while `read` returns undefined. */
export function reading(registry: Registry, name: string, help: string, read: () => number | undefined): void {
  const gauge = new Gauge({
    name,
    help,
    registers: [],
    collect() {
      const value = read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
  registry.registerMetric(gauge);
}

/** One series per item that `read` yields; series of earlier items are removed. */
export function readings<L extends string>(
  registry: Registry,
  { name, help, labelNames }: { readonly name: string; readonly help: string; readonly labelNames: readonly L[] },
  read: () => Iterable<readonly [labels: Readonly<Record<L, string>>, value: number]>,
): void {
  const gauge = new Gauge({
    name,
    help,
    labelNames,
    registers: [],
    collect() {
      this.reset();
      for (const [labels, value] of read()) this.set(labels, value);
    },
  });
  registry.registerMetric(gauge);
}
