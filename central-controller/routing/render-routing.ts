/** The routing objects that Ballast needs beside a user's manifests. Pure. */
import type { Static, TSchema } from 'typebox';
import type { Routing } from '../../contract/assignment.ts';
import { qualifiedName } from '../../contract/names.ts';
import { type LoadBalancingPolicy, POLICY_DEFAULTS, withPolicyDefaults } from '../../contract/policy.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import { serviceProblem, targetService } from '../cluster/target-service.ts';
import type { DestinationRule, VirtualService } from '../kubernetes/istio.ts';
import { KINDS } from '../kubernetes/kinds.ts';
import {
  describeManifest,
  type Kind,
  type Manifest,
  namespaceOf,
  selectKind,
  selects,
} from '../kubernetes/manifest.ts';
import type { Deployment, Pod, Service, StatefulSet } from '../kubernetes/objects.ts';
import { replicaNames, subsetNameProblem } from './istio-names.ts';
import { endpointRouting, type RoutedService, subsetRouting } from './istio-objects.ts';

export interface RenderRequest {
  /** Only the service of this name, in any namespace. */
  readonly service?: string;
  /** Overrides the routing of policies. */
  readonly routing?: Routing;
  /** Domain of the cluster's hosts; absent: cluster.local. */
  readonly clusterDomain?: string;
  /** Called with a line of text for everything that the user should know of the result. */
  readonly onNote?: (text: string) => void;
}

interface Objects {
  readonly services: readonly Service[];
  readonly statefulSets: readonly StatefulSet[];
  readonly deployments: readonly Deployment[];
  readonly pods: readonly Pod[];
  readonly policies: readonly LoadBalancingPolicy[];
  readonly destinationRules: readonly DestinationRule[];
  readonly virtualServices: readonly VirtualService[];
}

interface Plan {
  readonly service: Service;
  readonly routing: Routing;
}

/** @returns the objects to apply; INVALID_MANIFEST or INVALID_FLAG with the field that is wrong */
export function renderRouting(manifests: readonly Manifest[], request: RenderRequest): Result<Manifest[]> {
  const read = readObjects(manifests);
  if (!read.ok) return read;
  const objects = read.value;
  const note = request.onNote ?? (() => undefined);
  const planned = objects.policies.length > 0 ? plansOfPolicies(objects, note) : plansOfSets(objects);
  const plans = planned
    .filter(({ service }) => (request.service ?? service.metadata.name) === service.metadata.name)
    .map((plan) => ({ ...plan, routing: request.routing ?? plan.routing }));
  if (plans.length === 0) return failure('INVALID_FLAG', nothingToRender(request, objects.services.length));
  const subset: RoutedService[] = [];
  for (const { service } of plans.filter(({ routing }) => routing === 'Subset')) {
    const routed = subsetService(service, objects, request.clusterDomain);
    if (!routed.ok) return routed;
    subset.push(routed.value);
  }
  const endpoint = plans.filter(({ routing }) => routing === 'Endpoint').map(({ service }) => nameOf(service));
  return success([
    ...endpointRouting(endpoint.map((name) => ({ ...name, replicas: [] }))),
    ...subsetRouting(subset, objects, note),
  ]);
}

function readObjects(manifests: readonly Manifest[]): Result<Objects> {
  const failures: Result<never>[] = [];
  const of = <Schema extends TSchema>(kind: Kind<Schema>): readonly Static<Schema>[] => {
    const selected = selectKind(manifests, kind);
    if (selected.ok) return selected.value;
    failures.push(selected);
    return [];
  };
  const objects = {
    services: of(KINDS.Service),
    statefulSets: of(KINDS.StatefulSet),
    deployments: of(KINDS.Deployment),
    pods: of(KINDS.Pod),
    policies: of(KINDS.LoadBalancingPolicy),
    destinationRules: of(KINDS.DestinationRule),
    virtualServices: of(KINDS.VirtualService),
  };
  return failures[0] ?? success(objects);
}

/** The services that policies lead to, as the controller finds them. Of two policies for one the first counts. */
function plansOfPolicies(objects: Objects, note: (text: string) => void): Plan[] {
  const plans = new Map<string, Plan>();
  for (const policy of objects.policies) {
    const { mode, routing } = withPolicyDefaults(policy.spec);
    if (mode === 'Off') continue;
    const service = targetService(policy, objects);
    if ('reason' in service) note(`${describeManifest(policy)}: ${service.text}`);
    else if (!plans.has(qualifiedName(service.metadata)))
      plans.set(qualifiedName(service.metadata), { service, routing });
  }
  return [...plans.values()];
}

/** Without any policy every Service of a StatefulSet is meant. */
function plansOfSets(objects: Objects): Plan[] {
  const { routing } = POLICY_DEFAULTS;
  return objects.services
    .filter((service) => serviceProblem(service) === undefined && setOf(service, objects.statefulSets) !== undefined)
    .map((service) => ({ service, routing }));
}

function setOf(service: Service, statefulSets: readonly StatefulSet[]): StatefulSet | undefined {
  return statefulSets.find(
    (candidate) =>
      namespaceOf(candidate) === namespaceOf(service) &&
      selects(service.spec.selector, candidate.spec.template?.metadata?.labels ?? {}),
  );
}

function subsetService(service: Service, objects: Objects, clusterDomain: string | undefined): Result<RoutedService> {
  const what = `Service ${qualifiedName(service.metadata)}`;
  const set = setOf(service, objects.statefulSets);
  if (!set) {
    const why = 'selects the pods of no StatefulSet, so no subset can name its replicas: use Endpoint routing';
    return failure('INVALID_MANIFEST', `${what}: spec.selector: ${why}`);
  }
  const replicas = replicasOf(service, set, objects.pods);
  const [problem] = replicas.flatMap((replica) => subsetNameProblem(replica) ?? []);
  if (problem !== undefined) return failure('INVALID_MANIFEST', `${what}: metadata.name: ${problem}`);
  return success({ ...nameOf(service), ...(clusterDomain !== undefined && { clusterDomain }), replicas });
}

function nameOf(service: Service): { readonly namespace: string; readonly name: string } {
  return { namespace: namespaceOf(service), name: service.metadata.name };
}

/** Names of the pods of the StatefulSet among the manifests, else of those that Kubernetes will make. */
function replicasOf(service: Service, { metadata, spec }: StatefulSet, pods: readonly Pod[]): string[] {
  const { name } = metadata;
  const isOwn = new RegExp(`^${name.replaceAll('.', String.raw`\.`)}-\\d+$`);
  const present = pods.filter(
    (pod) =>
      namespaceOf(pod) === namespaceOf(service) &&
      isOwn.test(pod.metadata.name) &&
      selects(service.spec.selector, pod.metadata.labels ?? {}),
  );
  if (present.length > 0) return present.map((pod) => pod.metadata.name);
  return replicaNames(name, spec.replicas ?? 1, spec.ordinals?.start ?? 0);
}

function nothingToRender(request: RenderRequest, services: number): string {
  if (services === 0) return '--from: there is no Service in these files';
  const named = request.service === undefined ? '' : ` named ${request.service}`;
  return `--from: among ${services} Services there is none${named} with a StatefulSet behind it and a policy that is not Off`;
}
