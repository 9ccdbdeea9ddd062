/**
 * Stand-ins for the Prometheus operator's custom resource definitions: the kinds by their names, and of what they hold
 * only what would be missed first. What the rules say is judged by Prometheus itself in another test.
 */
import { stringify } from 'yaml';
import type { ApiServer } from '../api-server/api-server.ts';

const GROUP = 'monitoring.coreos.com';
const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function definition(kind: string, plural: string, listed: string, ...alsoRequired: readonly string[]): object {
  const spec = {
    ...OPEN,
    required: [listed, ...alsoRequired],
    properties: { [listed]: { type: 'array', minItems: 1, items: OPEN } },
  };
  const schema = { openAPIV3Schema: { type: 'object', required: ['spec'], properties: { spec } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

/** Applies them, and waits until objects of their kinds can be written. */
export async function applyMonitoringDefinitions(server: ApiServer): Promise<void> {
  const definitions = [
    definition('PrometheusRule', 'prometheusrules', 'groups'),
    definition('ServiceMonitor', 'servicemonitors', 'endpoints', 'selector'),
    definition('PodMonitor', 'podmonitors', 'podMetricsEndpoints', 'selector'),
  ];
  const text = definitions.map((each) => stringify(each)).join('---\n');
  await server.kubectl(['apply', '--server-side', '-f', '-'], text);
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', '-'], text);
}
