/** Which Service a policy means. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { PolicyReason } from '../../contract/policy-status.ts';
import { selects } from '../kubernetes/manifest.ts';
import type { ClusterObjects, Deployment, Service, StatefulSet } from '../kubernetes/objects.ts';

/** Why a policy has no service that can be balanced; `text` names the field. */
export interface TargetProblem {
  readonly reason: PolicyReason;
  readonly text: string;
}

/** The service that the policy means, or why there is none. */
export function targetService(policy: LoadBalancingPolicy, objects: ClusterObjects): Service | TargetProblem {
  const { kind, name } = policy.spec.targetRef;
  const target = qualifiedName({ ...policy.metadata, name });
  if (kind !== 'Service') {
    const sets: readonly (StatefulSet | Deployment)[] =
      kind === 'StatefulSet' ? objects.statefulSets : (objects.deployments ?? []);
    const set = sets.find((candidate) => qualifiedName(candidate.metadata) === target);
    if (set) return serviceOf(set, objects.services);
    return { reason: 'TargetNotFound', text: `spec.targetRef.name: there is no ${kind} ${target}` };
  }
  const service = objects.services.find((candidate) => qualifiedName(candidate.metadata) === target);
  if (!service) return { reason: 'TargetNotFound', text: `spec.targetRef.name: there is no Service ${target}` };
  return withSelector(service);
}

/**
 * The Service by which a set's pods are called: the only one with an address of its own that selects them, else the one
 * that governs the StatefulSet.
 */
function serviceOf(set: StatefulSet | Deployment, services: readonly Service[]): Service | TargetProblem {
  const governor = set.kind === 'StatefulSet' ? set.spec.serviceName : undefined;
  const name = qualifiedName(set.metadata);
  const labels = set.spec.template?.metadata?.labels ?? {};
  const isNear = ({ metadata }: Service): boolean =>
    (metadata.namespace ?? 'default') === (set.metadata.namespace ?? 'default');
  const callable = services.filter(
    (service) => isNear(service) && service.spec.clusterIP !== 'None' && selects(service.spec.selector, labels),
  );
  const governing = services.find((service) => isNear(service) && service.metadata.name === governor);
  if (governing && (callable.length === 0 || callable.includes(governing))) return withSelector(governing);
  const [only, another] = callable;
  if (only && another) {
    const names = callable.map(({ metadata }) => metadata.name).join(', ');
    const text = `spec.targetRef: ${names} all select the pods of ${name}: name one of them with kind Service`;
    return { reason: 'AmbiguousService', text };
  }
  if (only) return only;
  const why = governor
    ? `there is no Service ${qualifiedName({ ...set.metadata, name: governor })}`
    : `no Service selects the pods of ${set.kind} ${name}`;
  return { reason: 'ServiceNotFound', text: `spec.targetRef.name: ${why}` };
}

function withSelector(service: Service): Service | TargetProblem {
  if (Object.keys(service.spec.selector ?? {}).length > 0) return service;
  const name = qualifiedName(service.metadata);
  const text = `spec.targetRef.name: Service ${name} has no spec.selector, so its pods are not known`;
  return { reason: 'InvalidService', text };
}
