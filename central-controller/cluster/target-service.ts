/** Which Service a policy means. Pure. */
import type { LoadBalancingPolicy } from '../contract/policy.ts';
import { selects } from './manifest.ts';
import { type ClusterObjects, type Deployment, qualifiedName, type Service, type StatefulSet } from './objects.ts';

/** The service that the policy means, or why there is none. */
export function targetService(policy: LoadBalancingPolicy, objects: ClusterObjects): Service | string {
  const { kind, name } = policy.spec.targetRef;
  const target = qualifiedName({ ...policy.metadata, name });
  if (kind !== 'Service') {
    const sets: readonly (StatefulSet | Deployment)[] =
      kind === 'StatefulSet' ? objects.statefulSets : (objects.deployments ?? []);
    const set = sets.find((candidate) => qualifiedName(candidate.metadata) === target);
    return set ? serviceOf(set, objects.services) : `spec.targetRef.name: there is no ${kind} ${target}`;
  }
  const service = objects.services.find((candidate) => qualifiedName(candidate.metadata) === target);
  if (!service) return `spec.targetRef.name: there is no Service ${target}`;
  return withSelector(service);
}

/**
 * The Service by which a set's pods are called: the only one with an address of its own that selects them, else the one
 * that governs the StatefulSet.
 */
function serviceOf(set: StatefulSet | Deployment, services: readonly Service[]): Service | string {
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
    return `spec.targetRef: ${names} all select the pods of ${name}: name one of them with kind Service`;
  }
  if (only) return only;
  return governor
    ? `spec.targetRef.name: there is no Service ${qualifiedName({ ...set.metadata, name: governor })}`
    : `spec.targetRef.name: no Service selects the pods of ${set.kind} ${name}`;
}

function withSelector(service: Service): Service | string {
  if (Object.keys(service.spec.selector ?? {}).length > 0) return service;
  return `spec.targetRef.name: Service ${qualifiedName(service.metadata)} has no spec.selector, so its pods are not known`;
}
