/** Policies as the API shows them: spec and status. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision } from '../../contract/decision.ts';
import type { PolicyStatusView, PolicyView } from '../../contract/policy-status.ts';
import { withPolicyDefaults } from '../../contract/policy.ts';
import type { KnownPolicy, Topology } from '../model/topology.ts';
import { deriveStatus } from './derive-status.ts';

/** Without Kubernetes nobody writes a status: it is derived here, without the condition of the routing. */
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
    status: known.status ?? derivedStatus(known, topology, decision, now),
  };
}

function derivedStatus(
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
    plan: { inForce, steps: [], problem: undefined, carriedOver: undefined, bareGateways: [] },
    writeFailure: undefined,
    decision,
    lastDecision: undefined,
  };
  const { conditions = [], ...status } = deriveStatus(facts, undefined, now);
  return {
    ...status,
    conditions: conditions
      .filter(({ type }) => type !== 'Routed')
      .map(({ type, status: holds, reason, message }) => ({ type, status: holds, reason, message })),
  };
}
