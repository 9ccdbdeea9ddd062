/** The status of a policy, from all that is known of it: conditions, counts, the last decision. Pure. */
import type { PolicyCondition, PolicyStatus } from '../../contract/policy-status.ts';
import {
  acceptedCondition,
  type ConditionState,
  decidedService,
  isBalanced,
  type PolicyFacts,
  readyCondition,
  routedCondition,
} from './conditions.ts';

/** Longest message that the schema of the status takes. */
const MAX_MESSAGE = 1024;

/**
 * @param before the present status: a condition whose `status` does not change keeps its time
 * @param now wall clock, ms since 1970
 */
export function deriveStatus(facts: PolicyFacts, before: PolicyStatus | undefined, now: number): PolicyStatus {
  const { policy, service, topology, plan, lastDecision } = facts;
  const accepted = acceptedCondition(facts.problems, plan?.problem);
  const routed = routedCondition(facts, accepted);
  const replicas = topology?.replicas ?? [];
  const ready = replicas.filter((replica) => replica.ready).length;
  const balanced = (decidedService(facts)?.replicas ?? []).filter(isBalanced).length;
  const { generation } = policy.metadata;
  const condition = (type: PolicyCondition['type'], state: ConditionState): PolicyCondition => {
    const status = state.holds ? 'True' : 'False';
    const old = before?.conditions?.find((candidate) => candidate.type === type);
    return {
      type,
      status,
      reason: state.reason,
      message: state.message.slice(0, MAX_MESSAGE),
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : isoSeconds(now),
      ...(generation !== undefined && { observedGeneration: generation }),
    };
  };
  return {
    ...(generation !== undefined && { observedGeneration: generation }),
    ...(service !== undefined && { service: service.slice(service.indexOf('/') + 1) }),
    replicas: replicas.length,
    readyReplicas: ready,
    balancedReplicas: balanced,
    balanced: `${balanced}/${ready}`,
    ...(plan?.inForce && { routing: plan.inForce.routing }),
    ...(lastDecision && { lastDecision: { time: isoSeconds(lastDecision.at), tick: lastDecision.tick } }),
    conditions: [
      condition('Accepted', accepted),
      condition('Routed', routed),
      condition('Ready', readyCondition(facts, accepted, routed, before)),
    ],
  };
}

/** Kubernetes writes times in whole seconds. */
function isoSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
