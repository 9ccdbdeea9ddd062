/** Policies as people ask for them: what they say, and what has become of them. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision } from '../../contract/decision.ts';
import type { PolicyStatusView, PolicyView } from '../../contract/policy-status.ts';
import { withPolicyDefaults } from '../../contract/policy.ts';
import { policyStatus } from './policy-status.ts';
import type { KnownPolicy, Topology } from '../model/topology.ts';

/** Without Kubernetes nobody writes a status: it is worked out, but for the routing, which others see to. */
export function policyView(
  known: KnownPolicy,
  topology: Topology,
  decision: Decision | undefined,
  now: number,
): PolicyView {
  const { policy, service } = known;
  const { name, namespace = 'default' } = policy.metadata;
  return {
    namespace,
    name,
    ...(service !== undefined && { service }),
    spec: withPolicyDefaults(policy.spec),
    status: known.status ?? workedOut(known, topology, decision, now),
  };
}

function workedOut(
  { policy, service }: KnownPolicy,
  topology: Topology,
  decision: Decision | undefined,
  now: number,
): PolicyStatusView {
  const { routing } = withPolicyDefaults(policy.spec);
  const inForce = routing === 'Endpoint' ? { routing } : { routing, replicas: new Set<string>() };
  const facts = {
    policy: { ...policy, metadata: { ...policy.metadata, uid: '', resourceVersion: '' } },
    problems: [],
    service,
    topology: topology.services.find((each) => qualifiedName(each) === service),
    plan: { inForce, steps: [], problem: undefined, bareGateways: [] },
    writeFailure: undefined,
    decision,
    lastDecision: undefined,
  };
  const { conditions = [], ...status } = policyStatus(facts, undefined, now);
  return {
    ...status,
    conditions: conditions
      .filter(({ type }) => type !== 'Routed')
      .map(({ type, status: holds, reason, message }) => ({ type, status: holds, reason, message })),
  };
}
