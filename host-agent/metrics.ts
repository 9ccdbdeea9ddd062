/** The agent's own metrics, in Prometheus' text format. */
import { Counter, Gauge, Registry } from 'prom-client';

/** What is read only when somebody asks. */
export interface Readings {
  readonly replicas: () => number;
  readonly tableVersion: () => number;
  readonly assignmentVersion: () => number;
  readonly waitingProxies: () => number;
  readonly pendingStatistics: () => number;
  readonly droppedStatistics: () => number;
  readonly cpuGrants: () => number;
  readonly cpuSettings: () => number;
}

export class Metrics {
  readonly registry = new Registry();
  readonly reports = new Counter({
    name: 'ballast_agent_reports_total',
    help: 'Reports sent to the controller, by outcome',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly assignments = new Counter({
    name: 'ballast_agent_assignment_updates_total',
    help: 'Updates of the assignments, by what they changed; refused: malformed, changed nothing',
    labelNames: ['change'] as const,
    registers: [this.registry],
  });
  readonly statistics = new Counter({
    name: 'ballast_agent_statistics_total',
    help: "Statistics posted by this node's proxies, by outcome",
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly sampleSeconds = new Counter({
    name: 'ballast_agent_sample_seconds_total',
    help: 'Time spent reading CPU counters',
    registers: [this.registry],
  });
  readonly missedSamples = new Counter({
    name: 'ballast_agent_missed_samples_total',
    help: "Samples for which the node's own CPU could not be read",
    registers: [this.registry],
  });
  readonly cpuWrites = new Counter({
    name: 'ballast_agent_cpu_writes_total',
    help: "Writes of replicas' CPU settings, by outcome: set, restored, failed",
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });

  constructor(readings: Readings) {
    this.#gauge('ballast_agent_replicas', 'Replicas found on this node', readings.replicas);
    this.#gauge('ballast_agent_table_version', 'Version of the table that proxies are served', readings.tableVersion);
    this.#gauge('ballast_agent_assignment_version', "The controller's last version", readings.assignmentVersion);
    this.#gauge('ballast_agent_waiting_proxies', 'Polls for the table that wait', readings.waitingProxies);
    this.#gauge('ballast_agent_pending_statistics', 'Proxy VMs with undelivered ones', readings.pendingStatistics);
    this.#gauge('ballast_agent_dropped_statistics', 'Given up undelivered', readings.droppedStatistics);
    this.#gauge('ballast_agent_cpu_grants', 'Pods here that policies grant CPU settings', readings.cpuGrants);
    this.#gauge('ballast_agent_cpu_settings', 'CPU settings of pods that are changed now', readings.cpuSettings);
  }

  #gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({ name, help, registers: [], collect: () => gauge.set(read()) });
    this.registry.registerMetric(gauge);
  }
}
