/** The routing objects that Ballast needs beside a user's manifests. Pure. */
import { replicaNames, subsetNameProblem } from './istio-names.ts';
import type { DestinationRule, VirtualService } from '../kubernetes/istio.ts';
import { qualifiedName } from '../../contract/names.ts';
import type { Routing } from '../../contract/assignment.ts';
import { type LoadBalancingPolicy, POLICY_DEFAULTS } from '../../contract/policy.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { endpointRouting, type RoutedService, subsetRouting } from './istio-objects.ts';
import { KINDS } from '../kubernetes/kinds.ts';
import { type Manifest, namespaceOf, selectKind, selects } from '../kubernetes/manifest.ts';
import type { Pod, Service, StatefulSet } from '../kubernetes/objects.ts';

export interface RenderRequest {
  /** Only the service of this name, in any namespace. */
  readonly service?: string;
  /** Overrides the routing of policies. */
  readonly routing?: Routing;
}

interface Candidate {
  readonly service: Service;
  readonly statefulSet: StatefulSet;
}

/** Names of the replicas: of the pods that are there, else those that Kubernetes would make of the StatefulSet. */
function replicasOf({ service, statefulSet }: Candidate, pods: readonly Pod[]): string[] {
  const { name } = statefulSet.metadata;
  const isOwn = new RegExp(`^${name.replaceAll('.', String.raw`\.`)}-\\d+$`);
  const present = pods.filter(
    (pod) =>
      namespaceOf(pod) === namespaceOf(service) &&
      isOwn.test(pod.metadata.name) &&
      selects(service.spec.selector, pod.metadata.labels ?? {}),
  );
  if (present.length > 0) return present.map((pod) => pod.metadata.name);
  return replicaNames(name, statefulSet.spec.replicas ?? 1, statefulSet.spec.ordinals?.start ?? 0);
}

/** Services that have a StatefulSet behind them and an address of their own. */
function candidates(services: readonly Service[], statefulSets: readonly StatefulSet[]): Candidate[] {
  return services.flatMap((service) => {
    const statefulSet = statefulSets.find(
      (candidate) =>
        namespaceOf(candidate) === namespaceOf(service) &&
        selects(service.spec.selector, candidate.spec.template?.metadata?.labels ?? {}),
    );
    return statefulSet && service.spec.clusterIP !== 'None' ? [{ service, statefulSet }] : [];
  });
}

function policyFor(candidate: Candidate, policies: readonly LoadBalancingPolicy[]): LoadBalancingPolicy | undefined {
  return policies.find(({ metadata, spec }) => {
    const target = spec.targetRef.kind === 'Service' ? candidate.service : candidate.statefulSet;
    const namespace = metadata.namespace ?? 'default';
    return namespace === namespaceOf(target) && spec.targetRef.name === target.metadata.name;
  });
}

interface Plan {
  readonly services: readonly RoutedService[];
  readonly routing: Routing;
}

/** Without any policy every Service of a StatefulSet is meant; with policies, those that they name and do not turn off. */
function plan(candidate: Candidate, policies: readonly LoadBalancingPolicy[], request: RenderRequest) {
  const policy = policyFor(candidate, policies);
  if (policies.length > 0 && (!policy || policy.spec.mode === 'Off')) return undefined;
  return request.routing ?? policy?.spec.routing ?? POLICY_DEFAULTS.routing;
}

function checkNames(services: readonly RoutedService[]): Result<readonly RoutedService[]> {
  for (const { namespace, name, replicas } of services) {
    const [problem] = replicas.flatMap((replica) => subsetNameProblem(replica) ?? []);
    if (problem !== undefined) {
      return failure('INVALID_MANIFEST', `Service ${qualifiedName({ namespace, name })}: metadata.name: ${problem}`);
    }
  }
  return success(services);
}

/** The routing objects for services in one routing each; existing objects are extended, in the order Istio needs. */
function write(
  plans: readonly Plan[],
  destinationRules: readonly DestinationRule[],
  virtualServices: readonly VirtualService[],
) {
  const of = (routing: Routing) => plans.filter((each) => each.routing === routing).flatMap((each) => each.services);
  const subset = checkNames(of('Subset'));
  if (!subset.ok) return subset;
  return success([
    ...endpointRouting(of('Endpoint')),
    ...subsetRouting(subset.value, { destinationRules, virtualServices }),
  ]);
}

/** @returns the objects to apply; INVALID_MANIFEST or INVALID_FLAG with the field that is wrong */
export function renderRouting(manifests: readonly Manifest[], request: RenderRequest): Result<Manifest[]> {
  const services = selectKind(manifests, KINDS.Service);
  if (!services.ok) return services;
  const statefulSets = selectKind(manifests, KINDS.StatefulSet);
  if (!statefulSets.ok) return statefulSets;
  const pods = selectKind(manifests, KINDS.Pod);
  if (!pods.ok) return pods;
  const policies = selectKind(manifests, KINDS.LoadBalancingPolicy);
  if (!policies.ok) return policies;
  const destinationRules = selectKind(manifests, KINDS.DestinationRule);
  if (!destinationRules.ok) return destinationRules;
  const virtualServices = selectKind(manifests, KINDS.VirtualService);
  if (!virtualServices.ok) return virtualServices;

  const plans = candidates(services.value, statefulSets.value).flatMap((candidate): Plan[] => {
    const { service } = candidate;
    const routing = plan(candidate, policies.value, request);
    if (routing === undefined || (request.service ?? service.metadata.name) !== service.metadata.name) return [];
    const replicas = replicasOf(candidate, pods.value);
    return [{ services: [{ namespace: namespaceOf(service), name: service.metadata.name, replicas }], routing }];
  });
  if (plans.length === 0) return failure('INVALID_FLAG', nothingToRender(request, services.value.length));
  return write(plans, destinationRules.value, virtualServices.value);
}

function nothingToRender(request: RenderRequest, services: number): string {
  if (services === 0) return '--from: there is no Service in these files';
  const named = request.service === undefined ? '' : ` named ${request.service}`;
  return `--from: among ${services} Services there is none${named} with a StatefulSet behind it and a policy that is not Off`;
}
