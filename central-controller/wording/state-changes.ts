/** Log lines of a decision: changes of state, not every tick. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision } from '../../contract/decision.ts';

export interface Entry {
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}

/** Changes since the previous decision, weights excepted. */
export function changesOfState(decision: Decision, previous: Decision | undefined): Entry[] {
  const entries: Entry[] = [];
  const nodes = new Map(previous?.nodes.map((node) => [node.name, node]));
  for (const { name, stale, cores } of decision.nodes) {
    const before = nodes.get(name);
    if (before?.stale === stale || (!before && stale)) continue;
    entries.push({ message: stale ? 'agent is silent' : 'agent reports', fields: { node: name, cores } });
  }
  const services = new Map(previous?.services.map((service) => [qualifiedName(service), service]));
  for (const { namespace, name, mode, paused, replicas } of decision.services) {
    const key = qualifiedName({ namespace, name });
    const before = services.get(key);
    services.delete(key);
    if (before?.mode !== mode) entries.push({ message: 'service is balanced', fields: { service: key, mode } });
    if (paused?.since !== before?.paused?.since) {
      const message = paused ? 'service is paused' : 'service is no longer paused';
      entries.push({
        message,
        fields: { service: key, ...(paused?.reason !== undefined && { reason: paused.reason }) },
      });
    }
    const states = new Map(before?.replicas.map((replica) => [replica.name, replica.state]));
    for (const replica of replicas) {
      const from = states.get(replica.name) ?? 'unknown';
      states.delete(replica.name);
      if (from === replica.state) continue;
      entries.push({
        message: 'replica changed',
        fields: { service: key, replica: replica.name, from, to: replica.state },
      });
    }
    for (const gone of states.keys())
      entries.push({ message: 'replica is gone', fields: { service: key, replica: gone } });
  }
  for (const gone of services.keys())
    entries.push({ message: 'service is no longer balanced', fields: { service: gone } });
  return entries;
}
