/**
 * Stand-ins for custom resource definitions of other projects: the kinds by their names, and of what they hold only what
 * would be missed first.
 */
import { stringify } from 'yaml';
import type { ApiServer } from '../api-server/api-server.ts';

/** A schema that takes any object. */
export const OPEN = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

export interface StandIn {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  /** Schemas of fields of the spec. */
  readonly properties: Readonly<Record<string, object>>;
  /** Names of fields that a spec must have. */
  readonly required: readonly string[];
}

function definition({ group, version, kind, plural, properties, required }: StandIn): object {
  const schema = { type: 'object', required: ['spec'], properties: { spec: { ...OPEN, required, properties } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

/** Applies them, and waits until objects of their kinds can be written. */
export async function applyStandIns(server: ApiServer, standIns: readonly StandIn[]): Promise<void> {
  const text = standIns.map((each) => stringify(definition(each))).join('---\n');
  await server.kubectl(['apply', '--server-side', '-f', '-'], text);
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', '-'], text);
}
