/** Joins Kubernetes objects to the topology that decisions are made on. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import { type LoadBalancingPolicy, withPolicyDefaults } from '../../contract/policy.ts';
import type { PolicyReason } from '../../contract/policy-status.ts';
import { namespaceOf, selects } from '../kubernetes/manifest.ts';
import type { ClusterObjects, ObjectProblem, Pod, Service } from '../kubernetes/objects.ts';
import { podCpu } from '../kubernetes/pod-cpu.ts';
import { targetPortOf } from '../kubernetes/target-port.ts';
import type { ReplicaTopology, ServiceTopology, Topology } from '../model/topology.ts';
import {
  addressesOfPod,
  endpointsFromSlices,
  type PodEndpoint,
  type SlicesByService,
  slicesByService,
  tcpPorts,
} from './endpoints.ts';
import { byReplicaName, isPlaced, type KnownSince, replicaOf, uidOf } from './replicas.ts';
import { targetService } from './target-service.ts';

export interface Joined {
  readonly topology: Topology;
  /** Problems with a reason cost a policy its service, others only a pod, a port or a field. */
  readonly problems: readonly ObjectProblem[];
}

/** A service is balanced if a policy that is not Off leads to it. A pod counts once it has a node and an address. */
export function joinTopology(objects: ClusterObjects, since: KnownSince): Joined {
  const join = new Join(objects, since);
  for (const policy of objects.policies) join.add(policy);
  return join.result();
}

class Join {
  readonly #objects: ClusterObjects;
  readonly #since: KnownSince;
  readonly #nodes: ReadonlySet<string>;
  readonly #pods: ReadonlyMap<string, readonly Pod[]>;
  /** Pods of a namespace by the value of a label that some selector names first: to try each pod for each service is slow. */
  readonly #byLabel = new Map<string, ReadonlyMap<string | undefined, readonly Pod[]>>();
  /** Undefined where nobody makes EndpointSlices. */
  readonly #slices: SlicesByService | undefined;
  readonly #services = new Map<string, ServiceTopology>();
  readonly #serviceOfPod = new Map<Pod, string>();
  readonly #problems: ObjectProblem[] = [];

  constructor(objects: ClusterObjects, since: KnownSince) {
    this.#objects = objects;
    this.#since = since;
    this.#nodes = new Set(objects.nodes.map((node) => node.metadata.name));
    this.#pods = Map.groupBy(objects.pods, namespaceOf);
    this.#slices = objects.endpointSlices && slicesByService(objects.endpointSlices);
  }

  result(): Joined {
    return {
      topology: {
        nodes: [...this.#nodes].toSorted().map((name) => ({ name })),
        services: [...this.#services.keys()].toSorted().flatMap((key) => this.#services.get(key) ?? []),
      },
      problems: this.#problems,
    };
  }

  add(policy: LoadBalancingPolicy): void {
    const { mode, routing, pinning, objective, shareWeight, cpuControl, limits } = withPolicyDefaults(policy.spec);
    if (mode === 'Off') return;
    const service = targetService(policy, this.#objects);
    if ('reason' in service) return this.#tell(policy, policy, service.text, service.reason);
    const key = qualifiedName(service.metadata);
    if (this.#services.has(key)) {
      return this.#tell(policy, policy, `spec.targetRef: another policy already balances service ${key}`, 'Conflict');
    }
    const pods = this.#podsOf(service);
    // A pod counts its requests over all Services that lead to it: each of them would get the sum.
    const shared = pods.find((pod) => this.#serviceOfPod.has(pod));
    if (shared) {
      const other = this.#serviceOfPod.get(shared);
      const text = `spec.targetRef: pod ${qualifiedName(shared.metadata)} is balanced already, as one of service ${other}`;
      return this.#tell(policy, policy, text, 'Conflict');
    }
    const ports = this.#portsOf(service, pods, policy);
    if (!ports) return;
    for (const pod of pods) this.#serviceOfPod.set(pod, key);
    this.#services.set(key, {
      namespace: namespaceOf(service),
      name: service.metadata.name,
      ports,
      mode,
      routing,
      pinning: pinning === 'Allowed',
      objective,
      shareWeight,
      ...(cpuControl !== 'NONE' && { cpuControl }),
      ...(limits && { limits }),
      replicas: this.#replicasOf(service, pods, policy),
    });
  }

  /** The pods that the service selects. */
  #podsOf(service: Service): readonly Pod[] {
    const { selector } = service.spec;
    const [first] = Object.entries(selector ?? {});
    if (first === undefined) return [];
    const [label, value] = first;
    const namespace = namespaceOf(service);
    const key = `${namespace}/${label}`;
    const byValue =
      this.#byLabel.get(key) ??
      Map.groupBy(this.#pods.get(namespace) ?? [], ({ metadata }) => metadata.labels?.[label]);
    this.#byLabel.set(key, byValue);
    return (byValue.get(value) ?? []).filter(({ metadata }) => selects(selector, metadata.labels ?? {}));
  }

  /** The TCP ports that a pod has; undefined, and told, where pods have none of them. */
  #portsOf(service: Service, pods: readonly Pod[], policy: LoadBalancingPolicy): number[] | undefined {
    const isServed = (port: (typeof ports)[number]): boolean =>
      pods.length === 0 || pods.some((pod) => targetPortOf(port, pod) !== undefined);
    const ports = tcpPorts(service);
    const served = ports.filter(isServed);
    const reason = served.length === 0 ? 'InvalidService' : undefined;
    const missing = ports.filter((port) => !isServed(port));
    for (const port of missing) {
      const index = service.spec.ports?.indexOf(port);
      const text = `spec.ports[${index}].targetPort: no container has a port named ${port.targetPort}`;
      this.#tell(service, policy, text, reason);
    }
    if (ports.length === 0 && pods.length > 0) {
      this.#tell(service, policy, 'spec.ports: there is no TCP port to balance', reason);
    }
    return served.length > 0 || pods.length === 0 ? served.map(({ port }) => port) : undefined;
  }

  #replicasOf(service: Service, pods: readonly Pod[], policy: LoadBalancingPolicy): ReplicaTopology[] {
    const slices = this.#slices?.get(qualifiedName(service.metadata)) ?? [];
    const endpoints = endpointsFromSlices(service, slices);
    const endpointOf = (pod: Pod): PodEndpoint =>
      this.#slices
        ? (endpoints.get(uidOf(pod)) ?? { addresses: {}, ready: false })
        : { addresses: addressesOfPod(service, pod), ready: true };
    const replicas = pods.flatMap((pod) => {
      const { nodeName } = pod.spec;
      if (nodeName !== undefined && !this.#nodes.has(nodeName)) {
        this.#tell(pod, policy, `spec.nodeName: there is no node ${nodeName}`);
      }
      if (!isPlaced(pod, this.#nodes)) return [];
      const { faults, ...cpu } = podCpu(pod);
      for (const fault of faults) this.#tell(pod, policy, fault);
      return [replicaOf(pod, this.#since, endpointOf(pod), cpu)];
    });
    return replicas.toSorted(byReplicaName);
  }

  #tell(
    object: Pick<Pod, 'metadata'> & { kind: string },
    policy: LoadBalancingPolicy,
    text: string,
    reason?: PolicyReason,
  ) {
    this.#problems.push({
      kind: object.kind,
      name: qualifiedName(object.metadata),
      text,
      policy: qualifiedName(policy.metadata),
      ...(reason && { reason }),
    });
  }
}
