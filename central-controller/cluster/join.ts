/** Joins Kubernetes objects to the topology that decisions are made on. Pure: both the manifests and informers use it. */
import type { LoadBalancingPolicy } from '../contract/policy.ts';
import { type ClusterObjects, type Container, type Pod, qualifiedName, type Service } from './objects.ts';
import type { ReplicaTopology, ServiceTopology, Topology } from './topology.ts';

/** What is wrong with an object; `text` names the field. */
export interface JoinProblem {
  readonly kind: string;
  /** `namespace/name`. */
  readonly name: string;
  readonly text: string;
}

export interface Joined {
  readonly topology: Topology;
  /** What could not be joined, and is left out. */
  readonly problems: readonly JoinProblem[];
}

/** Since when each pod is known, by uid: ms of the controller's clock. */
export type KnownSince = ReadonlyMap<string, number>;

/**
 * Notes new pods and forgets those that are gone. What is there at the very first time (`before` undefined) was there
 * before the controller was: a restart does not warm it up again.
 */
export function knownSince(pods: readonly Pod[], before: KnownSince | undefined, now: number): KnownSince {
  return new Map(pods.map(uidOf).map((uid) => [uid, before ? (before.get(uid) ?? now) : 0]));
}

/**
 * Only services with a policy that is not Off are balanced; a pod counts once it has a node that is known and an
 * address.
 */
export function joinTopology(objects: ClusterObjects, since: KnownSince): Joined {
  const problems: JoinProblem[] = [];
  const refuse = (object: { kind: string; metadata: { name: string; namespace?: string } }, text: string): void => {
    problems.push({ kind: object.kind, name: qualifiedName(object.metadata), text });
  };
  const nodes = new Set(objects.nodes.map((node) => node.metadata.name));
  const services = new Map<string, ServiceTopology>();
  for (const policy of objects.policies) {
    const mode = policy.spec.mode ?? 'Enforce';
    if (mode === 'Off') continue;
    const service = targetService(policy, objects);
    if (typeof service === 'string') {
      refuse(policy, service);
      continue;
    }
    const key = qualifiedName(service.metadata);
    if (services.has(key)) {
      refuse(policy, `spec.targetRef: another policy already balances service ${key}`);
      continue;
    }
    const pods = podsOf(service, objects.pods);
    const stray = pods.find((pod) => pod.spec.nodeName !== undefined && !nodes.has(pod.spec.nodeName));
    if (stray) refuse(stray, `spec.nodeName: there is no node ${stray.spec.nodeName}`);
    const ports = portsOf(service, pods);
    if (typeof ports === 'string') {
      refuse(service, ports);
      continue;
    }
    const { cpuControl = 'NONE' } = policy.spec;
    services.set(key, {
      namespace: service.metadata.namespace ?? 'default',
      name: service.metadata.name,
      ports,
      mode,
      routing: policy.spec.routing ?? 'Endpoint',
      pinning: policy.spec.pinning === 'Allowed',
      objective: policy.spec.objective ?? 'delay',
      shareWeight: policy.spec.shareWeight ?? 1,
      ...(cpuControl !== 'NONE' && { cpuControl }),
      replicas: pods
        .map((pod) => replicaOf(pod, nodes, since))
        .filter((replica) => replica !== undefined)
        .toSorted(byReplicaName),
    });
  }
  return {
    topology: {
      nodes: [...nodes].toSorted().map((name) => ({ name })),
      services: [...services.keys()].toSorted().flatMap((key) => services.get(key) ?? []),
    },
    problems,
  };
}

/** The service that the policy means, or why there is none. */
function targetService(policy: LoadBalancingPolicy, objects: ClusterObjects): Service | string {
  const { kind, name } = policy.spec.targetRef;
  const target = qualifiedName({ ...policy.metadata, name });
  let serviceName = target;
  if (kind === 'StatefulSet') {
    const set = objects.statefulSets.find((candidate) => qualifiedName(candidate.metadata) === target);
    if (!set) return `spec.targetRef.name: there is no StatefulSet ${target}`;
    serviceName = qualifiedName({ ...policy.metadata, name: set.spec.serviceName });
  }
  const service = objects.services.find((candidate) => qualifiedName(candidate.metadata) === serviceName);
  if (!service) return `spec.targetRef.name: there is no Service ${serviceName}`;
  if (Object.keys(service.spec.selector ?? {}).length === 0) {
    return `spec.targetRef.name: Service ${serviceName} has no spec.selector, so its pods are not known`;
  }
  return service;
}

function podsOf(service: Service, pods: readonly Pod[]): Pod[] {
  const selector = Object.entries(service.spec.selector ?? {});
  const namespace = service.metadata.namespace ?? 'default';
  return pods.filter(
    ({ metadata }) =>
      (metadata.namespace ?? 'default') === namespace &&
      selector.every(([label, value]) => metadata.labels?.[label] === value),
  );
}

/** TCP ports with their targets as numbers, or which one is wrong. A named target is looked up in the pods. */
function portsOf(service: Service, pods: readonly Pod[]): ServiceTopology['ports'] | string {
  const ports: { port: number; targetPort: number }[] = [];
  for (const [index, { port, targetPort = port, protocol = 'TCP' }] of (service.spec.ports ?? []).entries()) {
    if (protocol !== 'TCP') continue;
    if (typeof targetPort === 'number') {
      ports.push({ port, targetPort });
      continue;
    }
    const named = pods
      .flatMap((pod) => pod.spec.containers ?? [])
      .flatMap((container) => container.ports ?? [])
      .find((candidate) => candidate.name === targetPort);
    if (named) ports.push({ port, targetPort: named.containerPort });
    else if (pods.length > 0) return `spec.ports[${index}].targetPort: no container has a port named ${targetPort}`;
  }
  return ports.length > 0 || pods.length === 0 ? ports : 'spec.ports: there is no TCP port to balance';
}

/** A pod without a uid, as in a manifest written by hand, is known by its name. */
function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? qualifiedName(metadata);
}

function replicaOf(pod: Pod, nodes: ReadonlySet<string>, since: KnownSince): ReplicaTopology | undefined {
  const { metadata, spec, status } = pod;
  if (spec.nodeName === undefined || !nodes.has(spec.nodeName) || status?.podIP === undefined) return undefined;
  if (status.phase === 'Succeeded' || status.phase === 'Failed') return undefined;
  const uid = uidOf(pod);
  const limitCores = cpuLimitCores(pod);
  const requestCores = cpuRequestCores(pod);
  const condition = status.conditions?.find((candidate) => candidate.type === 'Ready');
  const ready = condition ? condition.status === 'True' : status.phase === 'Running';
  return {
    name: metadata.name,
    uid,
    node: spec.nodeName,
    ip: status.podIP,
    ready: ready && metadata.deletionTimestamp === undefined,
    since: since.get(uid) ?? 0,
    ...(limitCores !== undefined && { limitCores }),
    ...(requestCores !== undefined && { requestCores }),
  };
}

/** Resources of the containers that run beside each other. */
function resourcesOf({ spec }: Pod): NonNullable<Container['resources']>[] {
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...(spec.containers ?? []), ...sidecars].map(({ resources }) => resources ?? {});
}

/** Sum of the CPU limits, or undefined when one container has none. */
function cpuLimitCores(pod: Pod): number | undefined {
  const limits = resourcesOf(pod).map((resources) => resources.limits?.cpu);
  return limits.includes(undefined) ? undefined : sumOfCores(limits);
}

/** Sum of the CPU requests; a container with a limit alone requests that, as Kubernetes has it. */
function cpuRequestCores(pod: Pod): number | undefined {
  return sumOfCores(resourcesOf(pod).map(({ requests, limits }) => requests?.cpu ?? limits?.cpu));
}

/** Undefined where it would be 0. */
function sumOfCores(quantities: readonly (string | number | undefined)[]): number | undefined {
  const milli = quantities.reduce<number>((sum, quantity = 0) => {
    const isMilli = typeof quantity === 'string' && quantity.endsWith('m');
    return sum + (isMilli ? Number(quantity.slice(0, -1)) : 1000 * Number(quantity));
  }, 0);
  return milli > 0 ? milli / 1000 : undefined;
}

/** `search-2` before `search-10`: the trailing number counts as a number. */
function byReplicaName(a: ReplicaTopology, b: ReplicaTopology): number {
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}
