/** From policies and workloads to the routing that each balanced service is to have. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { Routing } from '../../contract/assignment.ts';
import type { PolicyReason } from '../../contract/policy-status.ts';
import type { Observed, ObservedMetadata, ObservedObjects } from '../kubernetes/observed-objects.ts';
import { targetService } from '../cluster/target-service.ts';
import { namespaceOf, selects } from '../kubernetes/manifest.ts';
import type { Pod, Service, StatefulSet } from '../kubernetes/objects.ts';
import { ByLabel, type Labels } from './by-label.ts';
import { POD_NAME_LABEL } from './istio-objects.ts';
import { replicaNames, subsetNameProblem } from './replica-names.ts';

/** The policy that an object is written for; the API server removes the object with it. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: true;
}

/** Why requests cannot be led to single replicas, and what to do about it. */
export interface RoutingProblem {
  readonly reason: Extract<PolicyReason, 'UnstableNames' | 'IstioNotFound' | 'HostTaken' | 'SessionLabelTaken'>;
  readonly message: string;
}

export interface DesiredRouting {
  readonly namespace: string;
  /** Name of the Service. */
  readonly name: string;
  readonly owner: OwnerReference;
  readonly routing: Routing;
  /** Subset routing: the pods that there are and those that there are to be. */
  readonly replicas: readonly string[];
  readonly problem?: RoutingProblem;
}

/**
 * One entry per service that a policy enforces, by `namespace/name`. Where two policies name one service the first has
 * it, as in the topology.
 */
export function desiredRouting(objects: ObservedObjects): ReadonlyMap<string, DesiredRouting> {
  const subsetReplicas = new SubsetReplicas(objects);
  const taken = new Set<string>();
  const desired = new Map<string, DesiredRouting>();
  for (const policy of objects.policies) {
    const { mode = 'Enforce', routing = 'Endpoint' } = policy.spec;
    if (mode === 'Off' || policy.metadata.deletionTimestamp !== undefined) continue;
    const service = targetService(policy, objects);
    if ('reason' in service) continue;
    const key = qualifiedName(service.metadata);
    if (taken.has(key)) continue;
    taken.add(key);
    if (mode !== 'Enforce') continue;
    const { name, namespace = 'default' } = service.metadata;
    const owner = ownerReference(policy);
    const common = { namespace, name, owner, routing };
    desired.set(key, { ...common, ...(routing === 'Subset' ? subsetReplicas.of(service) : { replicas: [] }) });
  }
  return desired;
}

function ownerReference({ apiVersion, kind, metadata }: Observed<{ kind: string; metadata: ObservedMetadata }>) {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true } as const;
}

/** Names for Subset routing. A route is there before its pod is, so that a new replica gets requests once it is ready. */
class SubsetReplicas {
  readonly #pods: ByLabel<Pod>;
  readonly #sets: ByLabel<StatefulSet>;

  constructor({ pods, statefulSets }: ObservedObjects) {
    this.#pods = new ByLabel(pods, (pod) => [namespaceOf(pod), labelsOfPod(pod)]);
    this.#sets = new ByLabel(statefulSets, (set) => [namespaceOf(set), labelsOfSet(set)]);
  }

  of(service: Service): Pick<DesiredRouting, 'replicas' | 'problem'> {
    const namespace = namespaceOf(service);
    const { selector } = service.spec;
    const pods = this.#pods.candidates(namespace, selector).filter((pod) => selects(selector, labelsOfPod(pod)));
    const sets = this.#sets.candidates(namespace, selector).filter((set) => selects(selector, labelsOfSet(set)));
    const replicas = [...new Set([...sets.flatMap(expectedNames), ...pods.map(({ metadata }) => metadata.name)])];
    const problem = nameProblem(pods, replicas);
    return { replicas, ...(problem && { problem }) };
  }
}

function labelsOfPod({ metadata }: Pod): Labels {
  return metadata.labels ?? {};
}

function labelsOfSet({ spec }: StatefulSet): Labels {
  return spec.template?.metadata?.labels ?? {};
}

function expectedNames({ metadata, spec }: StatefulSet): string[] {
  return replicaNames(metadata.name, spec.replicas ?? 1, spec.ordinals?.start ?? 0);
}

function nameProblem(pods: readonly Pod[], replicas: readonly string[]): RoutingProblem | undefined {
  const loose = pods.find(({ metadata }) => metadata.labels?.[POD_NAME_LABEL] !== metadata.name);
  if (loose) {
    const why = `Pod ${loose.metadata.name} belongs to no StatefulSet, so no subset can name it`;
    return { reason: 'UnstableNames', message: `${why}: set spec.routing to Endpoint, or run a StatefulSet` };
  }
  const [unusable] = replicas.flatMap((replica) => subsetNameProblem(replica) ?? []);
  return unusable === undefined ? undefined : { reason: 'UnstableNames', message: unusable };
}
