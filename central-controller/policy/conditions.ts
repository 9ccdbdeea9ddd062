/** The conditions of a policy: whether each holds, why, and what to do about it. Pure. */
import type { Decision, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import { qualifiedName } from '../../contract/names.ts';
import { type LoadBalancingPolicy, POLICY_KIND, withPolicyDefaults } from '../../contract/policy.ts';
import type { PolicyCondition, PolicyReason, PolicyStatus } from '../../contract/policy-status.ts';
import type { ObjectProblem } from '../kubernetes/objects.ts';
import type { Observed } from '../kubernetes/observed-objects.ts';
import type { ServiceTopology } from '../model/topology.ts';
import type { RoutingProblem } from '../routing/desired-routing.ts';
import type { RoutedServicePlan } from '../routing/plan-routing.ts';

const SEE_SIDECARS = 'see that pods have sidecars with the WasmPlugin of Ballast';

/** At this many requests per second one or two reports suffice to know what a request costs. */
const SOON_LEARNT_PER_SECOND = 5;

/** All that is known of a policy and its service. */
export interface PolicyFacts {
  readonly policy: Observed<LoadBalancingPolicy>;
  /** Problems that concern this policy. */
  readonly problems: readonly ObjectProblem[];
  /** `namespace/name` of the Service that the target leads to, if there is one. */
  readonly service: string | undefined;
  /** The service as it is in the cluster, whatever routing is in force; undefined while it is not balanced. */
  readonly topology: ServiceTopology | undefined;
  readonly plan: RoutedServicePlan | undefined;
  /** What the API server answered to the last write for the service, if it refused it. */
  readonly writeFailure: string | undefined;
  readonly decision: Decision | undefined;
  /** The last decision that changed weights of the service. */
  readonly lastDecision: { readonly at: number; readonly tick: number } | undefined;
}

/** A condition before it gets its times. */
export interface ConditionState {
  readonly holds: boolean;
  readonly reason: PolicyReason;
  readonly message: string;
}

/** `Accepted`: can the policy be balanced as it is? */
export function acceptedCondition(
  problems: readonly ObjectProblem[],
  routing: RoutingProblem | undefined,
): ConditionState {
  const refused = problems.find(({ reason }) => reason !== undefined);
  if (refused?.reason) return { holds: false, reason: refused.reason, message: problemText(refused) };
  if (routing?.reason === 'UnstableNames') return { holds: false, reason: routing.reason, message: routing.message };
  return { holds: true, reason: 'Accepted', message: `The target was found and can be balanced${partly(problems)}` };
}

function problemText({ kind, name, text }: ObjectProblem): string {
  return kind === POLICY_KIND ? text : `${kind} ${name}: ${text}`;
}

/** Problems without a reason cost a port, a pod or a field of one; the rest of the service is balanced. */
function partly([first, ...others]: readonly ObjectProblem[]): string {
  if (!first) return '';
  const more = others.length > 0 ? `, and ${others.length} more: the controller's log has them` : '';
  return `, but for ${problemText(first)}${more}`;
}

/** `Routed`: does the mesh lead requests to the replica that is chosen? */
export function routedCondition(facts: PolicyFacts, accepted: ConditionState): ConditionState {
  const { plan, writeFailure, policy } = facts;
  const { mode, routing } = withPolicyDefaults(policy.spec);
  if (!accepted.holds) return { holds: false, reason: 'NotAccepted', message: accepted.message };
  if (mode !== 'Enforce') {
    const removing = plan ? ', and what was is being removed' : '';
    return { holds: false, reason: 'NotEnforced', message: `Mode ${mode}: nothing is written${removing}` };
  }
  if (plan?.problem) return { holds: false, reason: plan.problem.reason, message: plan.problem.message };
  if (writeFailure !== undefined) return { holds: false, reason: 'WriteFailed', message: writeFailure };
  if (plan?.inForce?.routing !== routing || plan.steps.length > 0) {
    const message = `${routing} routing is being written, or proxies are taking it up`;
    return { holds: false, reason: 'InProgress', message };
  }
  const message = routing === 'Endpoint' ? 'The Service has its session label' : 'Routes and subsets are in place';
  const carried = plan.carriedOver === undefined ? '' : `, with the traffic policy of ${plan.carriedOver}`;
  return { holds: true, reason: 'Routed', message: `${message}${carried}${bareGateways(plan)}` };
}

function bareGateways({ bareGateways: names, inForce }: RoutedServicePlan): string {
  if (names.length === 0 || inForce?.routing !== 'Subset') return '';
  return (
    `; but gateways that use VirtualService ${names.join(', ')} choose no replica: ` +
    'let it delegate to the one of the service (ballast-<service>.delegate), or set spec.routing to Endpoint'
  );
}

/** `Ready`: are requests balanced? It repeats the first of the other conditions that does not hold. */
export function readyCondition(
  facts: PolicyFacts,
  accepted: ConditionState,
  routed: ConditionState,
  before: PolicyStatus | undefined,
): ConditionState {
  const { mode } = withPolicyDefaults(facts.policy.spec);
  if (mode === 'Off') {
    return { holds: false, reason: 'Off', message: 'Mode Off: Istio balances as it does without Ballast' };
  }
  if (!accepted.holds) return accepted;
  const replicas = facts.topology?.replicas ?? [];
  if (!replicas.some(({ ready }) => ready)) {
    const message = `None of the ${replicas.length} replicas is ready: see kubectl get pods and kubectl describe pod`;
    return { holds: false, reason: 'NoReplicas', message };
  }
  if (mode === 'Enforce' && !routed.holds) return routed;
  const silent = silentNodes(facts);
  if (replicas.every(({ ready, node }) => !ready || silent.includes(node))) {
    const message = `No agent reports from ${silent.join(', ')}: see kubectl -n ballast-agents get pods -l app.kubernetes.io/name=host-agent -o wide`;
    return { holds: false, reason: 'AgentsSilent', message };
  }
  const also =
    silent.length > 0 ? `; no agent reports from ${silent.join(', ')}, replicas there keep an equal weight` : '';
  const decided = decidedService(facts);
  if (!decided?.replicas.some(isBalanced)) {
    const ready = before?.conditions?.find(({ type }) => type === 'Ready');
    const state = unbalanced(decided, ready);
    return { ...state, message: `${state.message}${also}` };
  }
  if (mode === 'Observe') return { holds: true, reason: 'Observing', message: `Decided, and nothing changed${also}` };
  return { holds: true, reason: 'Balanced', message: `Weights follow the decisions${also}` };
}

/**
 * Why no replica is balanced although agents report. Estimates fade within minutes, so a service without requests is
 * soon as good as unknown. That is no failure; its previous `Ready` tells it from a service that was never known.
 * @param before `Ready` of the present status; undefined where there is none
 */
function unbalanced(service: ServiceDecision | undefined, before: PolicyCondition | undefined): ConditionState {
  const { replicas = [], requestsPerSecond = 0 } = service ?? {};
  const learning = (message: string): ConditionState => ({ holds: false, reason: 'Learning', message });
  if (!replicas.some(({ state }) => state === 'Learning')) {
    if (!replicas.some(({ state }) => state === 'Stale'))
      return learning('Its ready replicas are about to be decided on');
    return learning(`No proxy reports of its replicas any more: where requests come, ${SEE_SIDECARS}`);
  }
  if (requestsPerSecond >= SOON_LEARNT_PER_SECOND) {
    const message =
      'Requests come, but what they cost is not measured: do they succeed, and do agents report the CPU of its pods?';
    return { holds: false, reason: 'Unmeasured', message };
  }
  const isMeasured = replicas.some(({ cpuPerRequestSeconds }) => cpuPerRequestSeconds > 0);
  // The first requests are measured before they are enough to be learnt from.
  const isLearning = before?.reason === 'Learning' || before?.reason === 'Unmeasured';
  if (before?.status === 'True' || (isMeasured && !isLearning)) {
    const message = 'Too few requests came lately to tell its replicas apart: they count as equal until more come';
    return { holds: true, reason: 'Idle', message };
  }
  return learning(
    isMeasured
      ? `Too few requests were measured, or none lately: where there are more, ${SEE_SIDECARS}`
      : `No proxy has reported a request yet: without any, ${SEE_SIDECARS}`,
  );
}

/** Nodes with replicas of the service whose agents do not report. */
function silentNodes({ topology, decision }: PolicyFacts): string[] {
  const reporting = new Set(decision?.nodes.filter(({ stale }) => !stale).map(({ name }) => name));
  const nodes = new Set(topology?.replicas.map(({ node }) => node));
  return decision ? [...nodes].filter((node) => !reporting.has(node)).toSorted() : [];
}

/** The decision on the policy's service. */
export function decidedService({ topology, decision }: PolicyFacts): ServiceDecision | undefined {
  if (!topology) return undefined;
  const key = qualifiedName(topology);
  return decision?.services.find((service) => qualifiedName(service) === key);
}

export function isBalanced({ state }: ReplicaDecision): boolean {
  return state === 'Active' || state === 'WarmingUp' || state === 'Degraded';
}
