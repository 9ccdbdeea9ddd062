/** What each process of Ballast says of itself, under the names that Prometheus' own clients use. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** `component`: the program, as its image is named. */
export function registerProcessMetrics(registry: Registry, component: string, version: string): void {
  const registers = [registry];
  new Gauge({
    name: 'ballast_build_info',
    help: 'Always 1; its labels say which program this is, of which version, on which Node.js',
    labelNames: ['component', 'version', 'nodejs'],
    registers,
  }).set({ component, version, nodejs: process.versions.node }, 1);
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time that the process has used, user and system',
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const memory = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of the process that is in RAM',
    registers: [],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, seconds since 1970',
    registers,
  }).set(performance.timeOrigin / 1000);
  for (const metric of [cpu, memory]) registry.registerMetric(metric);
}
