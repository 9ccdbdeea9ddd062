/** From a decision to what agents are told. Pure: ages are kept as instants and become ages when a line is written. */
import type { ReplicaAssignment, ServiceAssignment } from '../contract/assignment.ts';
import type { Decision, ReplicaDecision, ServiceDecision } from '../contract/decision.ts';
import { proxyKey, serviceHost } from '../contract/names.ts';
import type { ServiceTopology, Topology } from '../cluster/topology.ts';

export interface TableReplica extends Omit<ReplicaAssignment, 'inFlightAgeMs'> {
  /** When `inFlight` was heard, ms of the controller's clock; 0 when it never was, which makes it as old as can be. */
  readonly inFlightAt: number;
}

export interface TableService extends Omit<ServiceAssignment, 'replicas'> {
  readonly replicas: readonly TableReplica[];
}

/** By proxy key. */
export type AssignmentTable = ReadonlyMap<string, TableService>;

/** Last known requests in flight of a pod, and when they were heard; undefined when they never were. */
export type InFlightReading = (
  namespace: string,
  pod: string,
) => { readonly inFlight: number; readonly at: number } | undefined;

/** Is enough known of the service to weigh its replicas? */
export function isLearnt(service: ServiceDecision): boolean {
  return service.replicas.some(({ state }) => state === 'Active' || state === 'WarmingUp' || state === 'Degraded');
}

/** The table of all enforced services, one entry per port, ready replicas only. */
export function assignmentTable(decision: Decision, topology: Topology, reading: InFlightReading): AssignmentTable {
  const decided = new Map(decision.services.map((service) => [`${service.namespace}/${service.name}`, service]));
  const table = new Map<string, TableService>();
  for (const service of topology.services) {
    const weights = decided.get(`${service.namespace}/${service.name}`);
    if (service.mode !== 'Enforce' || !weights) continue;
    for (const { port, targetPort } of service.ports) {
      const key = proxyKey(port, serviceHost(service.namespace, service.name));
      const replicas = tableReplicas(service, targetPort, weights, reading);
      table.set(key, { key, routing: service.routing, pinning: service.pinning, replicas });
    }
  }
  return table;
}

function tableReplicas(
  service: ServiceTopology,
  targetPort: number,
  weights: ServiceDecision,
  reading: InFlightReading,
): TableReplica[] {
  const decided = new Map<string, ReplicaDecision>(weights.replicas.map((replica) => [replica.name, replica]));
  return service.replicas.flatMap((replica) => {
    const decision = decided.get(replica.name);
    if (!replica.ready || !decision || decision.state === 'NotReady') return [];
    const known = reading(service.namespace, replica.name);
    return [
      {
        name: replica.name,
        address: `${replica.ip.includes(':') ? `[${replica.ip}]` : replica.ip}:${targetPort}`,
        weight: decision.weight,
        meanInFlight: decision.meanInFlight,
        meanLatencySeconds: decision.meanLatencySeconds,
        ...(decision.capacityCores > 0 && {
          cpuUtilisation: Math.min(1e6, decision.cpuCores / decision.capacityCores),
        }),
        inFlight: known?.inFlight ?? 0,
        inFlightAt: known?.at ?? 0,
      },
    ];
  });
}

export interface TableChange {
  readonly services: readonly TableService[];
  readonly removed: readonly string[];
}

/** What to send to whoever holds `before` so that it holds `next`. */
export function changeBetween(before: AssignmentTable, next: AssignmentTable): TableChange {
  return {
    services: [...next.values()].filter((service) => {
      const held = before.get(service.key);
      return !held || serviceDistance(held, service) > 0 || !sameLoad(held, service);
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

function serviceDistance(before: TableService | undefined, next: TableService): number {
  if (before?.routing !== next.routing || before.pinning !== next.pinning) return Infinity;
  if (before.replicas.length !== next.replicas.length) return Infinity;
  const moves = next.replicas.map(({ name, address, weight }, index) => {
    const held = before.replicas[index];
    return held?.name === name && held.address === address ? Math.abs(weight - held.weight) : Infinity;
  });
  return Math.max(0, ...moves) * next.replicas.length;
}

function sameLoad(a: TableService, b: TableService): boolean {
  return a.replicas.every((replica, index) => {
    const other = b.replicas[index];
    return (
      replica.inFlightAt === other?.inFlightAt &&
      replica.inFlight === other.inFlight &&
      replica.meanInFlight === other.meanInFlight &&
      replica.meanLatencySeconds === other.meanLatencySeconds
    );
  });
}

/** The service as it goes over the wire at `now`. */
export function toServiceAssignment(service: TableService, now: number): ServiceAssignment {
  return {
    ...service,
    replicas: service.replicas.map(({ inFlightAt, ...replica }) => ({
      ...replica,
      inFlightAgeMs: Math.max(0, now - inFlightAt),
    })),
  };
}
