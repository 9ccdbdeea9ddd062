/** Gauges that are read at the time of a scrape, and cost nothing between scrapes. */
import { Gauge, type Registry } from 'prom-client';

/** One number; none is shown while `read` has none. */
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

/** A series for each of what `read` yields; those that it no longer yields are gone. */
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
