/** The registries of both programs, with everything that they can ever show. */
import { Registry } from 'prom-client';
import { ControllerMetrics } from '../../../central-controller/metrics/controller-metrics.ts';
import { Metrics as AgentMetrics } from '../../../host-agent/metrics.ts';
import { createLoop } from '../fixtures.ts';

export function controllerRegistry(): Registry {
  const metrics = new ControllerMetrics(createLoop().loop.state);
  const plan = { services: new Map(), inForce: new Map(), starts: new Map(), nextAt: Infinity };
  metrics.follow({ origin: 'https://api.invalid', plan: () => plan })();
  return metrics.registry;
}

export function agentRegistry(): Registry {
  const none = (): number => 0;
  const metrics = new AgentMetrics();
  metrics.observe({
    replicas: none,
    tableVersion: none,
    tableBytes: none,
    wantedServices: none,
    heldServices: none,
    assignmentsValid: () => false,
    assignmentAge: () => undefined,
    assignmentVersion: none,
    waitingProxies: none,
    pendingStatistics: none,
    droppedStatistics: none,
    cpuGrants: none,
    cpuSettings: none,
  });
  return metrics.registry;
}

export interface MetricDescription {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** What a registry can show, sorted by name. */
export function describeMetrics(registry: Registry): MetricDescription[] {
  // A metric knows its labels and its type, though its type declaration leaves them out.
  const metrics = registry.getMetricsAsArray() as unknown as readonly MetricDescription[];
  return metrics.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
