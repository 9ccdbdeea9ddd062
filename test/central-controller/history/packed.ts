/** A decision as the history gives it back: the numbers of nodes and replicas have single precision. */
import type { Decision } from '../../../contract/decision.ts';

export function packed(decision: Decision): Decision {
  const rounded = <T extends object>(values: T): T =>
    Object.fromEntries(
      Object.entries(values).map(([field, value]: [string, unknown]) => [
        field,
        typeof value === 'number' ? Math.fround(value) : value,
      ]),
    ) as T;
  return {
    ...decision,
    nodes: decision.nodes.map(rounded),
    services: decision.services.map((service) => ({ ...service, replicas: service.replicas.map(rounded) })),
  };
}
