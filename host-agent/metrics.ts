/** The agent's own metrics, in Prometheus' text format. */
import { Counter, Gauge, Registry } from 'prom-client';
import { registerProcessMetrics } from '../contract/process-metrics.ts';
import packageJson from '../package.json' with { type: 'json' };

/** What is read only when somebody asks. */
export interface Readings {
  readonly replicas: () => number;
  readonly tableVersion: () => number;
  readonly tableBytes: () => number;
  /** Assignments are held and have not expired. */
  readonly wantedServices: () => number;
  readonly heldServices: () => number;
  readonly assignmentsValid: () => boolean;
  /** Since the controller renewed what is held, seconds; undefined while nothing is. */
  readonly assignmentAge: () => number | undefined;
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
    help: 'Reports by outcome: accepted (counted every eight seconds), refused, failed, unreachable, old (sent again in the form of the version before)',
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly assignments = new Counter({
    name: 'ballast_agent_assignment_updates_total',
    help: 'Updates of the assignments, by what they changed: table, none; or refused, as malformed',
    labelNames: ['change'] as const,
    registers: [this.registry],
  });
  readonly statistics = new Counter({
    name: 'ballast_agent_statistics_total',
    help: "Statistics posted by this node's proxies, by outcome: accepted, refused",
    labelNames: ['outcome'] as const,
    registers: [this.registry],
  });
  readonly statisticsFaults = new Counter({
    name: 'ballast_agent_statistics_faults_total',
    help: "Services and counters of this node's proxies that were left out because a value was wrong",
    registers: [this.registry],
  });
  readonly fallen = new Counter({
    name: 'ballast_agent_proxy_counters_fallen_total',
    help: 'Counters of proxies that fell though their VM is the same, and were counted from 0',
    registers: [this.registry],
  });
  readonly assignmentFaults = new Counter({
    name: 'ballast_agent_assignment_faults_total',
    help: 'Entries of the assignments that were left out because a value was wrong',
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

  readonly disconnects = new Counter({
    name: 'ballast_agent_disconnects_total',
    help: 'Ends of the connection that assignments come by, and attempts to open it that failed',
    registers: [this.registry],
  });

  constructor() {
    registerProcessMetrics(this.registry, 'host-agent', packageJson.version);
  }

  /** Gauges of what the parts of the agent hold. */
  observe(readings: Readings): void {
    this.#gauge('ballast_agent_replicas', 'Replicas found on this node', readings.replicas);
    this.#gauge(
      'ballast_agent_assignments_valid',
      '1: assignments are held and have not expired; 0: proxies here leave requests to Istio',
      () => (readings.assignmentsValid() ? 1 : 0),
    );
    this.#gauge(
      'ballast_agent_assignment_age_seconds',
      'Time since the controller renewed what is held, which it does each second; absent while nothing is',
      readings.assignmentAge,
    );
    this.#gauge(
      'ballast_agent_assignment_version',
      "The controller's number of the assignments that are held; 0: none came yet",
      readings.assignmentVersion,
    );
    this.#gauge(
      'ballast_agent_table_version',
      'Version of the table that plugins of the version before are served; 0: none yet',
      readings.tableVersion,
    );
    this.#gauge(
      'ballast_agent_table_bytes',
      'Size of all services that proxies here want, as these fetch them',
      readings.tableBytes,
    );
    this.#gauge('ballast_agent_wanted_services', 'Services that proxies here want', readings.wantedServices);
    this.#gauge('ballast_agent_held_services', 'Balanced services that the agent holds', readings.heldServices);
    this.#gauge(
      'ballast_agent_waiting_proxies',
      'Requests of proxies that wait for news: one for each proxy, but for moments',
      readings.waitingProxies,
    );
    this.#gauge(
      'ballast_agent_pending_statistics',
      'VMs of the plugin whose statistics are not yet with a controller of the version before',
      readings.pendingStatistics,
    );
    const dropped: Counter = new Counter({
      name: 'ballast_agent_statistics_dropped_total',
      help: "Proxies' statistics that were given up undelivered: too old, or more than there is room for",
      registers: [],
      collect() {
        dropped.reset();
        dropped.inc(readings.droppedStatistics());
      },
    });
    this.registry.registerMetric(dropped);
    this.#gauge('ballast_agent_cpu_grants', 'Pods here that policies grant CPU settings', readings.cpuGrants);
    this.#gauge('ballast_agent_cpu_settings', 'CPU settings of pods that are changed now', readings.cpuSettings);
  }

  #gauge(name: string, help: string, read: () => number | undefined): void {
    const collect = (): void => {
      const value = read();
      if (value === undefined) gauge.remove();
      else gauge.set(value);
    };
    const gauge: Gauge = new Gauge({ name, help, registers: [], collect });
    this.registry.registerMetric(gauge);
  }
}
