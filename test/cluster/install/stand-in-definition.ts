/**
 * Stand-ins for custom resource definitions of other projects: the kinds by their names, and of what they hold only what
 * would be missed first.
 */
import { stringify } from 'yaml';
import type { ApiServer } from '../api-server/api-server.ts';
import { customKind, OPEN } from '../support/objects.ts';

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

/** Applies them, and waits until objects of their kinds can be written. */
export async function applyStandIns(server: ApiServer, standIns: readonly StandIn[]): Promise<void> {
  const definitions = standIns.map(({ group, version, kind, plural, properties, required }) => {
    const schema = { type: 'object', required: ['spec'], properties: { spec: { ...OPEN, required, properties } } };
    return customKind(group, kind, plural, schema, version);
  });
  const text = definitions.map((each) => stringify(each)).join('---\n');
  await server.kubectl(['apply', '--server-side', '-f', '-'], text);
  await server.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', '-'], text);
}
