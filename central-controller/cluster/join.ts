/** Joins Kubernetes objects to the topology that decisions are made on. Pure: both the manifests and informers use it. */
import { qualifiedName } from '../../contract/names.ts';
import { withPolicyDefaults } from '../../contract/policy.ts';
import type { PolicyReason } from '../../contract/policy-status.ts';
import type { ObjectProblem } from '../kubernetes/objects.ts';
import { selects } from '../kubernetes/manifest.ts';
import type { ClusterObjects, Pod, Service } from '../kubernetes/objects.ts';
import { byReplicaName, type KnownSince, NO_PODS, readyEndpoints, replicaOf } from './replicas.ts';
import { targetService } from './target-service.ts';
import type { ServiceTopology, Topology } from '../model/topology.ts';

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface Joined {
  readonly topology: Topology;
  /** What could not be joined, and is left out. */
  readonly problems: readonly ObjectProblem[];
}

/**
 * Only services with a policy that is not Off are balanced; a pod counts once it has a node that is known and an
 * address.
 */
export function joinTopology(objects: ClusterObjects, since: KnownSince): Joined {
  const problems: ObjectProblem[] = [];
  const nodes = new Set(objects.nodes.map((node) => node.metadata.name));
  const podsByNamespace = Map.groupBy(objects.pods, ({ metadata }) => metadata.namespace ?? 'default');
  const endpoints = objects.endpointSlices && readyEndpoints(objects.endpointSlices);
  const services = new Map<string, ServiceTopology>();
  const serviceOfPod = new Map<Pod, string>();
  for (const policy of objects.policies) {
    const { mode, routing, pinning, objective, shareWeight, cpuControl, limits } = withPolicyDefaults(policy.spec);
    if (mode === 'Off') continue;
    const refuse = (object: Named, text: string, reason?: PolicyReason): void => {
      const [name, concerned] = [qualifiedName(object.metadata), qualifiedName(policy.metadata)];
      problems.push({ kind: object.kind, name, text, policy: concerned, ...(reason && { reason }) });
    };
    const service = targetService(policy, objects);
    if ('reason' in service) {
      refuse(policy, service.text, service.reason);
      continue;
    }
    const key = qualifiedName(service.metadata);
    if (services.has(key)) {
      refuse(policy, `spec.targetRef: another policy already balances service ${key}`, 'Conflict');
      continue;
    }
    const pods = podsOf(service, podsByNamespace.get(service.metadata.namespace ?? 'default') ?? []);
    // What a pod counts cannot be told apart by the Services that lead to it: it would count for each of them.
    const shared = pods.find((pod) => serviceOfPod.has(pod));
    if (shared) {
      const other = serviceOfPod.get(shared);
      const pod = qualifiedName(shared.metadata);
      refuse(policy, `spec.targetRef: pod ${pod} is balanced already, as one of service ${other}`, 'Conflict');
      continue;
    }
    const stray = pods.find((pod) => pod.spec.nodeName !== undefined && !nodes.has(pod.spec.nodeName));
    if (stray) refuse(stray, `spec.nodeName: there is no node ${stray.spec.nodeName}`);
    const ports = portsOf(service, pods);
    if (typeof ports === 'string') {
      refuse(service, ports, 'InvalidService');
      continue;
    }
    for (const pod of pods) serviceOfPod.set(pod, key);
    services.set(key, {
      namespace: service.metadata.namespace ?? 'default',
      name: service.metadata.name,
      ports,
      mode,
      routing,
      pinning: pinning === 'Allowed',
      objective,
      shareWeight,
      ...(cpuControl !== 'NONE' && { cpuControl }),
      ...(limits && { limits }),
      replicas: pods
        .map((pod) => replicaOf(pod, nodes, since, endpoints && (endpoints.get(key) ?? NO_PODS)))
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

function podsOf(service: Service, pods: readonly Pod[]): Pod[] {
  return pods.filter(({ metadata }) => selects(service.spec.selector, metadata.labels ?? {}));
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
