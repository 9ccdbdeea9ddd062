/** The routing that each balanced service should have, from policies and workloads. Pure. */
import type { Routing } from '../../contract/assignment.ts';
import { qualifiedName } from '../../contract/names.ts';
import { withPolicyDefaults } from '../../contract/policy.ts';
import type { PolicyReason } from '../../contract/policy-status.ts';
import { targetService } from '../cluster/target-service.ts';
import { type Labels, namespaceOf, selects } from '../kubernetes/manifest.ts';
import type { Pod, Service, StatefulSet } from '../kubernetes/objects.ts';
import type { Observed, ObservedMetadata, ObservedObjects } from '../kubernetes/observed-objects.ts';
import { POD_NAME_LABEL, replicaNames, subsetNameProblem } from './istio-names.ts';

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
  /** Subset routing: the pods that exist and those that the StatefulSets will make. */
  readonly replicas: readonly string[];
  readonly problem?: RoutingProblem;
}

/**
 * One entry per service that a policy enforces, by `namespace/name`. Of two policies for one service the first counts,
 * as in the topology.
 */
export function desiredRouting(objects: ObservedObjects): ReadonlyMap<string, DesiredRouting> {
  const subsetReplicas = new SubsetReplicas(objects);
  const taken = new Set<string>();
  const desired = new Map<string, DesiredRouting>();
  for (const policy of objects.policies) {
    const { mode, routing } = withPolicyDefaults(policy.spec);
    if (mode === 'Off' || policy.metadata.deletionTimestamp !== undefined) continue;
    const service = targetService(policy, objects);
    if ('reason' in service) continue;
    const key = qualifiedName(service.metadata);
    if (taken.has(key)) continue;
    taken.add(key);
    if (mode !== 'Enforce') continue;
    const { name } = service.metadata;
    const common = { namespace: namespaceOf(service), name, owner: ownerReference(policy), routing };
    desired.set(key, { ...common, ...(routing === 'Subset' ? subsetReplicas.of(service) : { replicas: [] }) });
  }
  return desired;
}

function ownerReference({ apiVersion, kind, metadata }: Observed<{ kind: string; metadata: ObservedMetadata }>) {
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true } as const;
}

/**
 * Names for Subset routing. They include pods that do not exist yet: with its route in place, a new replica gets
 * requests as soon as it is ready.
 */
class SubsetReplicas {
  readonly #pods: ByLabel<Pod>;
  readonly #sets: ByLabel<StatefulSet>;

  constructor({ pods, statefulSets }: ObservedObjects) {
    this.#pods = new ByLabel(pods, labelsOfPod);
    this.#sets = new ByLabel(statefulSets, labelsOfSet);
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

/** Objects by namespace and label, so that a selector does not look at all of them. */
class ByLabel<T extends Pod | StatefulSet> {
  readonly #groups = new Map<string, T[]>();

  constructor(objects: readonly T[], labelsOf: (object: T) => Labels) {
    for (const object of objects) {
      for (const [label, value] of Object.entries(labelsOf(object))) {
        const key = `${namespaceOf(object)} ${label}=${value}`;
        const group = this.#groups.get(key);
        if (group) group.push(object);
        else this.#groups.set(key, [object]);
      }
    }
  }

  /** All objects that the selector chooses, and perhaps others. */
  candidates(namespace: string, selector: Labels = {}): readonly T[] {
    const [first] = Object.entries(selector);
    return (first && this.#groups.get(`${namespace} ${first[0]}=${first[1]}`)) ?? [];
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
  const unnamed = pods.find(({ metadata }) => metadata.labels?.[POD_NAME_LABEL] !== metadata.name);
  if (unnamed) {
    const why = `Pod ${unnamed.metadata.name} belongs to no StatefulSet, so no subset can name it`;
    return { reason: 'UnstableNames', message: `${why}: set spec.routing to Endpoint, or run a StatefulSet` };
  }
  const [unusable] = replicas.flatMap((replica) => subsetNameProblem(replica) ?? []);
  return unusable === undefined ? undefined : { reason: 'UnstableNames', message: unusable };
}
