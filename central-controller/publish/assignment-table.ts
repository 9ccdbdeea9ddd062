/** From a decision to what agents are told. Pure. */
import type { ReplicaAssignment, ServiceAssignment } from '../../contract/assignment.ts';
import type { Decision, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import { hostPort } from '../../contract/host-port.ts';
import { proxyKey, qualifiedName, serviceHost } from '../../contract/names.ts';
import type { ServiceTopology, Topology } from '../model/topology.ts';

/** By proxy key. */
export type AssignmentTable = ReadonlyMap<string, ServiceAssignment>;

/** Is enough known of the service to weigh its replicas? */
export function isLearnt(service: ServiceDecision): boolean {
  return service.replicas.some(({ state }) => state === 'Active' || state === 'WarmingUp' || state === 'Degraded');
}

/** The table of all enforced services, one entry per port, ready replicas only. */
export function assignmentTable(decision: Decision, topology: Topology): AssignmentTable {
  const decided = new Map(decision.services.map((service) => [qualifiedName(service), service]));
  const table = new Map<string, ServiceAssignment>();
  for (const service of topology.services) {
    const weights = decided.get(qualifiedName(service));
    if (service.mode !== 'Enforce' || !weights) continue;
    for (const { port, targetPort } of service.ports) {
      const key = proxyKey(port, serviceHost(service.namespace, service.name, topology.clusterDomain));
      const replicas = tableReplicas(service, targetPort, weights);
      table.set(key, { key, routing: service.routing, pinning: service.pinning, replicas });
    }
  }
  return table;
}

function tableReplicas(service: ServiceTopology, targetPort: number, weights: ServiceDecision): ReplicaAssignment[] {
  const decided = new Map<string, ReplicaDecision>(weights.replicas.map((replica) => [replica.name, replica]));
  return service.replicas.flatMap((replica) => {
    const decision = decided.get(replica.name);
    if (!replica.ready || !decision || decision.state === 'NotReady') return [];
    return [
      {
        name: replica.name,
        address: hostPort(replica.ip, targetPort),
        weight: decision.weight,
        ...(decision.capacityCores > 0 && {
          cpuUtilisation: Math.min(1e6, decision.cpuCores / decision.capacityCores),
        }),
      },
    ];
  });
}

export interface TableChange {
  readonly services: readonly ServiceAssignment[];
  readonly removed: readonly string[];
}

/** What to send to whoever holds `before` so that it holds `next`. */
export function changeBetween(before: AssignmentTable, next: AssignmentTable): TableChange {
  return {
    services: [...next.values()].filter((service) => {
      const held = before.get(service.key);
      return serviceDistance(held, service) > 0 || utilisationChange(held, service) > 0;
    }),
    removed: [...before.keys()].filter((key) => !next.has(key)),
  };
}

/**
 * How far weights moved: the greatest change of any replica, in equal shares of its service. Infinity where services,
 * replicas or their routing differ.
 */
export function weightDistance(before: AssignmentTable, next: AssignmentTable): number {
  if (before.size !== next.size) return Infinity;
  return Math.max(0, ...[...next.values()].map((service) => serviceDistance(before.get(service.key), service)));
}

function serviceDistance(before: ServiceAssignment | undefined, next: ServiceAssignment): number {
  if (before?.routing !== next.routing || before.pinning !== next.pinning) return Infinity;
  if (before.replicas.length !== next.replicas.length) return Infinity;
  const moves = next.replicas.map(({ name, address, weight }, index) => {
    const held = before.replicas[index];
    return held?.name === name && held.address === address ? Math.abs(weight - held.weight) : Infinity;
  });
  return Math.max(0, ...moves) * next.replicas.length;
}

/** How far the CPU utilisation of replicas moved: the greatest change of any. */
export function utilisationDistance(before: AssignmentTable, next: AssignmentTable): number {
  return Math.max(0, ...[...next.values()].map((service) => utilisationChange(before.get(service.key), service)));
}

/** Where replicas differ, weights are infinitely far apart anyway: no figure needs to find its own. */
function utilisationChange(before: ServiceAssignment | undefined, next: ServiceAssignment): number {
  const moves = next.replicas.map(({ cpuUtilisation = 0 }, index) =>
    Math.abs(cpuUtilisation - (before?.replicas[index]?.cpuUtilisation ?? 0)),
  );
  return Math.max(0, ...moves);
}
