/** What is said of a policy in its status: three conditions, counts, the last decision. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import type { PolicyCondition, PolicyStatus } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { ObjectProblem } from '../kubernetes/objects.ts';
import type { Observed } from '../kubernetes/observed-objects.ts';
import type { RoutedServicePlan } from '../routing/plan-routing.ts';
import type { ServiceTopology } from '../model/topology.ts';
import { acceptance, type Finding } from './acceptance.ts';

/** Longest message that the schema of the status takes. */
const MAX_MESSAGE = 1024;
const SEE_SIDECARS = 'see that pods have sidecars with the WasmPlugin of Ballast';

/** Requests per second of a service from which a report or two are enough to know their cost, if it is measured at all. */
const SOON_LEARNT = 5;

/** All that is known of a policy and its service. */
export interface PolicyFacts {
  readonly policy: Observed<LoadBalancingPolicy>;
  /** Those that concern this policy. */
  readonly problems: readonly ObjectProblem[];
  /** `namespace/name` of the Service that the target led to, if there is one. */
  readonly service: string | undefined;
  /** The service as it is in the cluster, whatever routing is in force; undefined while it is not balanced. */
  readonly topology: ServiceTopology | undefined;
  readonly plan: RoutedServicePlan | undefined;
  /** What the API server said to the last write for the service, if it refused that. */
  readonly writeFailure: string | undefined;
  readonly decision: Decision | undefined;
  /** The last decision that changed weights of the service. */
  readonly lastDecision: { readonly at: number; readonly tick: number } | undefined;
}

/**
 * @param before the status that stands: times of conditions that did not change are kept
 * @param now wall clock, ms since 1970
 */
export function policyStatus(facts: PolicyFacts, before: PolicyStatus | undefined, now: number): PolicyStatus {
  const { policy, service, topology, plan, lastDecision } = facts;
  const accepted = acceptance(facts.problems, plan?.problem);
  const routed = routing(facts, accepted);
  const replicas = topology?.replicas ?? [];
  const ready = replicas.filter((replica) => replica.ready).length;
  const balanced = (decided(facts)?.replicas ?? []).filter(isBalanced).length;
  const { generation } = policy.metadata;
  const condition = (type: PolicyCondition['type'], finding: Finding): PolicyCondition => {
    const status = finding.isSo ? 'True' : 'False';
    const old = before?.conditions?.find((candidate) => candidate.type === type);
    return {
      type,
      status,
      reason: finding.reason,
      message: finding.message.slice(0, MAX_MESSAGE),
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
      condition('Ready', readiness(facts, accepted, routed, before)),
    ],
  };
}

/** Kubernetes writes times in whole seconds. */
function isoSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

function isBalanced({ state }: ReplicaDecision): boolean {
  return state === 'Active' || state === 'WarmingUp' || state === 'Degraded';
}

function decided({ topology, decision }: PolicyFacts): ServiceDecision | undefined {
  if (!topology) return undefined;
  const key = qualifiedName(topology);
  return decision?.services.find((service) => qualifiedName(service) === key);
}

function modeOf({ policy }: PolicyFacts) {
  return policy.spec.mode ?? 'Enforce';
}

function routing(facts: PolicyFacts, accepted: Finding): Finding {
  const { plan, writeFailure, policy } = facts;
  if (!accepted.isSo) return { isSo: false, reason: 'NotAccepted', message: accepted.message };
  if (modeOf(facts) !== 'Enforce') {
    const left = plan ? ', and what was is being removed' : '';
    return { isSo: false, reason: 'NotEnforced', message: `Mode ${modeOf(facts)}: nothing is written${left}` };
  }
  if (plan?.problem) return { isSo: false, reason: plan.problem.reason, message: plan.problem.message };
  if (writeFailure !== undefined) return { isSo: false, reason: 'WriteFailed', message: writeFailure };
  const wanted = policy.spec.routing ?? 'Endpoint';
  if (plan?.inForce?.routing !== wanted || plan.steps.length > 0) {
    return {
      isSo: false,
      reason: 'InProgress',
      message: `${wanted} routing is being written, or proxies are taking it up`,
    };
  }
  const message = wanted === 'Endpoint' ? 'The Service has its session label' : 'Routes and subsets are in place';
  return { isSo: true, reason: 'Routed', message: `${message}${bareGateways(plan)}` };
}

function bareGateways({ bareGateways: names, inForce }: RoutedServicePlan): string {
  if (names.length === 0 || inForce?.routing !== 'Subset') return '';
  return (
    `; but gateways that use VirtualService ${names.join(', ')} choose no replica: ` +
    'let it delegate to the one of the service (ballast-<service>.delegate), or set spec.routing to Endpoint'
  );
}

function readiness(facts: PolicyFacts, accepted: Finding, routed: Finding, before: PolicyStatus | undefined): Finding {
  const mode = modeOf(facts);
  if (mode === 'Off')
    return { isSo: false, reason: 'Off', message: 'Mode Off: Istio balances as it does without Ballast' };
  if (!accepted.isSo) return accepted;
  const replicas = facts.topology?.replicas ?? [];
  if (!replicas.some(({ ready }) => ready)) {
    const message = `None of the ${replicas.length} replicas is ready: see kubectl get pods and kubectl describe pod`;
    return { isSo: false, reason: 'NoReplicas', message };
  }
  if (mode === 'Enforce' && !routed.isSo) return routed;
  const silent = silentNodes(facts);
  if (replicas.every(({ ready, node }) => !ready || silent.includes(node))) {
    const message = `No agent reports from ${silent.join(', ')}: see kubectl -n ballast-agents get pods -l app.kubernetes.io/name=host-agent -o wide`;
    return { isSo: false, reason: 'AgentsSilent', message };
  }
  const also =
    silent.length > 0 ? `; no agent reports from ${silent.join(', ')}, replicas there keep an equal weight` : '';
  const known = decided(facts);
  if (!known?.replicas.some(isBalanced)) {
    const finding = unbalanced(
      known,
      before?.conditions?.find(({ type }) => type === 'Ready'),
    );
    return { ...finding, message: `${finding.message}${also}` };
  }
  if (mode === 'Observe') return { isSo: true, reason: 'Observing', message: `Decided, and nothing changed${also}` };
  return { isSo: true, reason: 'Balanced', message: `Weights follow the decisions${also}` };
}

/**
 * Why no replica is balanced although agents report. What was learnt fades within minutes, so a service that nobody calls
 * is soon as good as unknown: that is no failure, and what stood before tells it from one that never was known.
 * @param standing `Ready` as it stands; undefined where nobody has said anything yet, or nobody keeps it
 */
function unbalanced(service: ServiceDecision | undefined, standing: PolicyCondition | undefined): Finding {
  const { replicas = [], requestsPerSecond = 0 } = service ?? {};
  const learning = (message: string): Finding => ({ isSo: false, reason: 'Learning', message });
  if (!replicas.some(({ state }) => state === 'Learning')) {
    if (!replicas.some(({ state }) => state === 'Stale'))
      return learning('Its ready replicas are about to be decided on');
    return learning(`No proxy reports of its replicas any more: where requests come, ${SEE_SIDECARS}`);
  }
  if (requestsPerSecond >= SOON_LEARNT) {
    const message =
      'Requests come, but what they cost is not measured: do they succeed, and do agents report the CPU of its pods?';
    return { isSo: false, reason: 'Unmeasured', message };
  }
  const isMeasured = replicas.some(({ cpuPerRequestSeconds }) => cpuPerRequestSeconds > 0);
  // The first requests are measured before they are enough to be learnt from.
  const isLearning = standing?.reason === 'Learning' || standing?.reason === 'Unmeasured';
  if (standing?.status === 'True' || (isMeasured && !isLearning)) {
    const message = 'Too few requests came lately to tell its replicas apart: they count as equal until more come';
    return { isSo: true, reason: 'Idle', message };
  }
  return learning(
    isMeasured
      ? `Too few requests were measured, or none lately: where there are more, ${SEE_SIDECARS}`
      : `No proxy has reported a request yet: without any, ${SEE_SIDECARS}`,
  );
}

/** Nodes with replicas of the service, but without news of their agent. */
function silentNodes({ topology, decision }: PolicyFacts): string[] {
  const heard = new Set(decision?.nodes.filter(({ stale }) => !stale).map(({ name }) => name));
  const nodes = new Set(topology?.replicas.map(({ node }) => node));
  return decision ? [...nodes].filter((node) => !heard.has(node)).toSorted() : [];
}
