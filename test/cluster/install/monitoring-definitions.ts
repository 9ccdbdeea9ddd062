/** The Prometheus operator's kinds. What the rules say is judged by Prometheus itself in another test. */
import type { ApiServer } from '../api-server/api-server.ts';
import { OPEN } from '../support/objects.ts';
import { applyStandIns, type StandIn } from './stand-in-definition.ts';

function standIn(kind: string, plural: string, listed: string, ...alsoRequired: readonly string[]): StandIn {
  return {
    group: 'monitoring.coreos.com',
    version: 'v1',
    kind,
    plural,
    properties: { [listed]: { type: 'array', minItems: 1, items: OPEN } },
    required: [listed, ...alsoRequired],
  };
}

/** Applies them, and waits until objects of their kinds can be written. */
export async function applyMonitoringDefinitions(server: ApiServer): Promise<void> {
  await applyStandIns(server, [
    standIn('PrometheusRule', 'prometheusrules', 'groups'),
    standIn('ServiceMonitor', 'servicemonitors', 'endpoints', 'selector'),
    standIn('PodMonitor', 'podmonitors', 'podMetricsEndpoints', 'selector'),
  ]);
}
