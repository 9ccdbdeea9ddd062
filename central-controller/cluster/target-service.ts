/** Which Service a policy means, and whether Istio can balance it by replica. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import type { PolicyReason } from '../../contract/policy-status.ts';
import { namespaceOf, selects } from '../kubernetes/manifest.ts';
import type { ClusterObjects, Deployment, Service, StatefulSet } from '../kubernetes/objects.ts';

/** Why a policy has no service that can be balanced; `text` names the field. */
export interface TargetProblem {
  readonly reason: PolicyReason;
  readonly text: string;
}

export type TargetObjects = Pick<ClusterObjects, 'services' | 'statefulSets' | 'deployments'>;

/** By list: each of many policies is looked up in the same one. */
const byName = new WeakMap<readonly Service[], ReadonlyMap<string, Service>>();

function servicesByName(services: readonly Service[]): ReadonlyMap<string, Service> {
  const known =
    byName.get(services) ?? new Map(services.toReversed().map((service) => [qualifiedName(service.metadata), service]));
  byName.set(services, known);
  return known;
}

/** The service that the policy means, or why there is none. */
export function targetService(policy: LoadBalancingPolicy, objects: TargetObjects): Service | TargetProblem {
  const { kind, name } = policy.spec.targetRef;
  const target = qualifiedName({ ...policy.metadata, name });
  const isTarget = ({ metadata }: Pick<Service, 'metadata'>): boolean => qualifiedName(metadata) === target;
  const service = kind === 'Service' ? servicesByName(objects.services).get(target) : undefined;
  if (service) return balanceable(service);
  const workloads: readonly (StatefulSet | Deployment)[] =
    kind === 'StatefulSet' ? objects.statefulSets : kind === 'Deployment' ? (objects.deployments ?? []) : [];
  const workload = workloads.find(isTarget);
  if (workload) return serviceOf(workload, objects.services);
  return { reason: 'TargetNotFound', text: `spec.targetRef.name: there is no ${kind} ${target}` };
}

/**
 * The Service by which a workload's pods are called: the only one with an address of its own that selects them, else the
 * one that governs the StatefulSet.
 */
function serviceOf(workload: StatefulSet | Deployment, services: readonly Service[]): Service | TargetProblem {
  const governor = workload.kind === 'StatefulSet' ? workload.spec.serviceName : undefined;
  const name = qualifiedName(workload.metadata);
  const labels = workload.spec.template?.metadata?.labels ?? {};
  const near = services.filter((service) => namespaceOf(service) === namespaceOf(workload));
  const callable = near.filter(({ spec }) => spec.clusterIP !== 'None' && selects(spec.selector, labels));
  const governing = near.find(({ metadata }) => metadata.name === governor);
  if (governing && (callable.length === 0 || callable.includes(governing))) return balanceable(governing);
  const [only, another] = callable;
  if (only && another) {
    const names = callable.map(({ metadata }) => metadata.name).join(', ');
    const text = `spec.targetRef: ${names} all select the pods of ${name}: name one of them with kind Service`;
    return { reason: 'AmbiguousService', text };
  }
  if (only) return balanceable(only);
  const why = governor
    ? `there is no Service ${qualifiedName({ ...workload.metadata, name: governor })}`
    : `no Service selects the pods of ${workload.kind} ${name}`;
  return { reason: 'ServiceNotFound', text: `spec.targetRef.name: ${why}` };
}

function balanceable(service: Service): Service | TargetProblem {
  const problem = serviceProblem(service);
  if (problem === undefined) return service;
  const text = `spec.targetRef.name: Service ${qualifiedName(service.metadata)} ${problem}`;
  return { reason: 'InvalidService', text };
}

/** Why a proxy cannot lead requests to any replica of the Service, and the remedy; undefined where it can. */
export function serviceProblem({ spec }: Service): string | undefined {
  if (spec.type === 'ExternalName')
    return 'is of type ExternalName, which has no pods: name the Service that it stands for';
  if (Object.keys(spec.selector ?? {}).length === 0) return 'has no spec.selector, so its pods are not known';
  if (spec.clusterIP === 'None') {
    return (
      'is headless (spec.clusterIP: None): its callers choose a pod by DNS, and Istio sends the request there. ' +
      'Name a Service with an address, or add one'
    );
  }
  if (spec.internalTrafficPolicy === 'Local') {
    return (
      'has spec.internalTrafficPolicy: Local, so a caller reaches only replicas on its own node: ' +
      'set it to Cluster to have all replicas balanced'
    );
  }
  return undefined;
}
