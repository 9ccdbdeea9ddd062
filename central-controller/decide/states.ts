/** The one state that each replica is in. */
import type { ReplicaState } from '../../contract/decision.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate } from '../model/snapshot.ts';
import type { Health } from './health.ts';
import type { Parameters } from './settings.ts';

/** Below this success factor a replica counts as degraded. */
const DEGRADED_FACTOR = 0.5;

export function isStaleNode(node: NodeEstimate | undefined, parameters: Parameters): boolean {
  return !node || !(node.cores > 0) || node.ageMs > parameters.agentSilentMs;
}

/** What the states of a service's replicas have in common. */
export interface ServiceState {
  /** Too little is known to tell the replicas apart. */
  readonly isLearning: boolean;
  /** All replicas came up lately, so none is new among old ones. */
  readonly isNew: boolean;
}

export function serviceState(service: ServiceEstimate, parameters: Parameters): ServiceState {
  let evidence = 0;
  let hasUnknownCost = false;
  let isAllNew = true;
  for (const replica of service.replicas) {
    if (!replica.ready) continue;
    evidence += replica.evidence;
    hasUnknownCost ||= !(replica.cpuPerRequestSeconds > 0);
    isAllNew &&= isNew(replica, parameters);
  }
  return { isLearning: hasUnknownCost || !(evidence >= parameters.minEvidence), isNew: isAllNew };
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

/** How much longer than usual the replica, or its node's agent, has been silent. */
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
