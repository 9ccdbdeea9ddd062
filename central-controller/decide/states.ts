/** The one state that each replica is in. */
import type { ReplicaState } from '../../contract/decision.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate } from '../model/snapshot.ts';
import type { Health } from './health.ts';
import type { Parameters } from './settings.ts';

/** Below this part of what it would get for its load alone, a replica is held back for its health. */
const DEGRADED_FACTOR = 0.5;

export function isStaleNode(node: NodeEstimate | undefined, parameters: Parameters): boolean {
  return !node || !(node.cores > 0) || node.ageMs > parameters.agentSilentMs;
}

/** What a replica's state depends on beside its own figures. */
export interface ServiceState {
  /** Too little is known of the service for its replicas to be told apart. */
  readonly isLearning: boolean;
  /** All its replicas came up lately: then none is new among old ones. */
  readonly isNew: boolean;
}

export function serviceState(service: ServiceEstimate, parameters: Parameters): ServiceState {
  const ready = service.replicas.filter((replica) => replica.ready);
  const evidence = ready.reduce((sum, replica) => sum + replica.evidence, 0);
  return {
    isLearning: !(evidence >= parameters.leastEvidence) || ready.some((replica) => !(replica.cpuPerRequestSeconds > 0)),
    isNew: ready.every((replica) => isNew(replica, parameters)),
  };
}

export function stateOf(
  replica: ReplicaEstimate,
  service: ServiceState,
  health: Health | undefined,
  node: NodeEstimate | undefined,
  parameters: Parameters,
): ReplicaState {
  if (!replica.ready) return 'NotReady';
  if (service.isLearning) return 'Learning';
  if (silentForMs(replica, node, parameters) > 0) return 'Stale';
  if (isNew(replica, parameters) && !service.isNew) return 'WarmingUp';
  if (health && (health.successFactor < DEGRADED_FACTOR || health.excessSeconds > replica.cpuPerRequestSeconds)) {
    return 'Degraded';
  }
  return 'Active';
}

/** How long the replica has been silent beyond what is usual; it cannot be silent for longer than it is known. */
export function silentForMs(replica: ReplicaEstimate, node: NodeEstimate | undefined, parameters: Parameters): number {
  const proxy = Math.min(replica.ageMs, replica.knownForMs) - parameters.proxySilentMs;
  const agent = isStaleNode(node, parameters)
    ? Math.min(node?.ageMs ?? Infinity, replica.knownForMs) - parameters.agentSilentMs
    : 0;
  return Math.max(0, proxy, agent);
}

function isNew(replica: ReplicaEstimate, parameters: Parameters): boolean {
  return replica.knownForMs < parameters.warmUpMs;
}
