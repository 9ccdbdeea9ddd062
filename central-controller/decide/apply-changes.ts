/** The snapshot after the changes of a simulation. */
import { qualifiedName } from '../../contract/names.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import type { SimulatedChange } from '../../contract/simulation.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate, Snapshot } from '../model/snapshot.ts';

/** Applies one change after the other. Fails at the first that names an unknown node, service or replica. */
export function applyChanges(snapshot: Snapshot, changes: readonly SimulatedChange[]): Result<Snapshot> {
  let changed = snapshot;
  for (const [index, change] of changes.entries()) {
    const next = applyChange(changed, change, `changes[${index}]`);
    if (!next.ok) return next;
    changed = next.value;
  }
  return success(changed);
}

function applyChange(snapshot: Snapshot, change: SimulatedChange, field: string): Result<Snapshot> {
  if ('node' in change && !snapshot.nodes.some(({ name }) => name === change.node)) {
    return failure('UNKNOWN_NODE', `${field}.node: the cluster has no node ${change.node}`);
  }
  const named = 'service' in change ? change.service : undefined;
  const service = snapshot.services.find((candidate) => keyOf(candidate) === named);
  if (named !== undefined && !service) {
    return failure('UNKNOWN_SERVICE', `${field}.service: ${named} is not balanced`);
  }
  if (change.kind === 'scaleDemand') return success(scaled(snapshot, named, change.factor));
  if (change.kind === 'drainNode') return success(withReplicas(snapshot, drained(change.node)));
  if (!service?.replicas.some(({ name }) => name === change.replica)) {
    return failure('UNKNOWN_REPLICA', `${field}.replica: ${change.service} has no replica ${change.replica}`);
  }
  const { node } = change;
  return success(
    withReplicas(snapshot, (replica, of) =>
      keyOf(of) === named && replica.name === change.replica ? { ...replica, node } : replica,
    ),
  );
}

function keyOf({ namespace, name }: ServiceEstimate): string {
  return qualifiedName({ namespace, name });
}

function drained(node: string): (replica: ReplicaEstimate) => ReplicaEstimate {
  return (replica) =>
    replica.node === node ? { ...replica, ready: false, requestsPerSecond: 0, cpuCores: 0, idleCores: 0 } : replica;
}

function scaled(snapshot: Snapshot, service: string | undefined, factor: number): Snapshot {
  const isScaled = (candidate: ServiceEstimate): boolean => service === undefined || keyOf(candidate) === service;
  const grown = withReplicas(snapshot, (replica, of) => {
    if (!isScaled(of) || factor === 1) return replica;
    const { cpuCores, idleCores, requestsPerSecond } = replica;
    const added = Math.max(0, cpuCores - idleCores) * (factor - 1);
    return { ...replica, cpuCores: cpuCores + added, requestsPerSecond: requestsPerSecond * factor };
  });
  return {
    ...grown,
    services: grown.services.map((each) =>
      isScaled(each) ? { ...each, requestsPerSecond: each.requestsPerSecond * factor } : each,
    ),
  };
}

/** Changes replicas. The cores that they use move with them from node to node. */
function withReplicas(
  snapshot: Snapshot,
  change: (replica: ReplicaEstimate, service: ServiceEstimate) => ReplicaEstimate,
): Snapshot {
  const busy = new Map<string, number>();
  const idle = new Map<string, number>();
  const add = (sums: Map<string, number>, node: string, cores: number): void => {
    sums.set(node, (sums.get(node) ?? 0) + cores);
  };
  const services = snapshot.services.map((service) => ({
    ...service,
    replicas: service.replicas.map((replica) => {
      const changed = change(replica, service);
      if (changed === replica) return replica;
      add(busy, replica.node, -replica.cpuCores);
      add(idle, replica.node, -replica.idleCores);
      add(busy, changed.node, changed.cpuCores);
      add(idle, changed.node, changed.idleCores);
      return changed;
    }),
  }));
  const nodes = snapshot.nodes.map((node): NodeEstimate => ({
    ...node,
    busyCores: Math.max(0, node.busyCores + (busy.get(node.name) ?? 0)),
    backgroundCores: Math.max(0, node.backgroundCores + (idle.get(node.name) ?? 0)),
  }));
  return { ...snapshot, nodes, services };
}
