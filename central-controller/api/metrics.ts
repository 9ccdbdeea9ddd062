/** What Prometheus can scrape. Gauges are read from the latest decision at the time of the scrape. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ErrorCode } from '../contract/errors.ts';
import type { ControlLoop } from '../loop.ts';

export class Metrics {
  readonly registry = new Registry();
  readonly #accepted: Counter;
  readonly #refused: Counter<'reason'>;
  readonly #fallen: Counter;

  constructor(loop: ControlLoop) {
    const registers = [this.registry];
    this.#accepted = new Counter({
      name: 'ballast_reports_accepted_total',
      help: 'Reports of agents that were taken in',
      registers,
    });
    this.#refused = new Counter({
      name: 'ballast_reports_refused_total',
      help: 'Reports of agents that were refused and changed nothing',
      labelNames: ['reason'],
      registers,
    });
    this.#fallen = new Counter({
      name: 'ballast_proxy_counters_fallen_total',
      help: "Proxies' counters that fell and started anew",
      registers,
    });
    const duration = new Histogram({
      name: 'ballast_decision_duration_seconds',
      help: 'Time from taking the snapshot to having published the decision',
      buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25],
      registers,
    });
    loop.onDecision((_decision, _previous, seconds) => duration.observe(seconds));
    this.#addGauges(loop);
  }

  accepted(fallen: number): void {
    this.#accepted.inc();
    this.#fallen.inc(fallen);
  }

  refused(reason: ErrorCode): void {
    this.#refused.inc({ reason });
  }

  #addGauges(loop: ControlLoop): void {
    const gauge = (name: string, help: string, read: () => number): Gauge =>
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read());
        },
      });
    const gauges = [
      gauge(
        'ballast_decision_certificate',
        'Largest relative violation of the optimality conditions by the latest decision',
        () => loop.decision?.certificate ?? 0,
      ),
      gauge('ballast_assignments_version', 'Newest version that agents were told of', () => loop.publisher.version),
      gauge('ballast_agents_connected', 'Agents that listen for assignments', () => loop.publisher.connected.length),
      new Gauge({
        name: 'ballast_node_utilisation',
        help: 'Busy cores of a node over its cores',
        labelNames: ['node'],
        registers: [],
        collect() {
          this.reset();
          for (const { name, cores, busyCores } of loop.decision?.nodes ?? []) {
            if (cores > 0) this.set({ node: name }, busyCores / cores);
          }
        },
      }),
      new Gauge({
        name: 'ballast_replica_weight',
        help: "Share of its service's requests that a replica is to get",
        labelNames: ['namespace', 'service', 'replica'],
        registers: [],
        collect() {
          this.reset();
          for (const service of loop.decision?.services ?? []) {
            for (const { name, weight } of service.replicas) {
              this.set({ namespace: service.namespace, service: service.name, replica: name }, weight);
            }
          }
        },
      }),
    ];
    for (const each of gauges) this.registry.registerMetric(each);
  }
}
