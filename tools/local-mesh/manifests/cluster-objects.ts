/** Nodes and pods of the local mesh as the Kubernetes objects that a cluster would hold. Pure. */
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import type { StatefulSet } from '../../../central-controller/kubernetes/objects.ts';
import type { Mode } from '../../../central-controller/model/topology.ts';
import type { LoadBalancingPolicy } from '../../../contract/policy.ts';
import { SERVICE_PORT } from '../envoy/proxy.ts';

/** A pod of the mesh: a replica of a service, or the gateway. */
export interface MeshPod {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly nodeName: string;
  /** Owning StatefulSet, which is also the service; a pod without one is the gateway. */
  readonly service?: string;
}

/** A manifest with fields of its kind. */
interface KubernetesObject extends Manifest {
  readonly [field: string]: unknown;
}

export function nodeObject(name: string, cores: number): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: { capacity: { cpu: `${Math.round(cores * 1000)}m` } },
  };
}

export function podObject(pod: MeshPod, ready: boolean): KubernetesObject {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: pod.service };
  const container = { name: pod.service ?? 'istio-proxy', ports: [{ name: 'http', containerPort: SERVICE_PORT }] };
  const metadata = {
    name: pod.name,
    namespace: pod.namespace,
    uid: pod.uid,
    labels: { ...pod.labels },
    ...(pod.service === undefined ? {} : { ownerReferences: [owner] }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { nodeName: pod.nodeName, containers: [container] },
    status: { phase: 'Running', podIP: pod.ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

/** Labels of replica `pod` of a StatefulSet, as Kubernetes writes them. */
export function replicaLabels(set: StatefulSet, pod: string): Record<string, string> {
  return { ...set.spec.template?.metadata?.labels, 'statefulset.kubernetes.io/pod-name': pod };
}

/** The policies with their mode changed, as `kubectl patch` would. */
export function withMode(policies: readonly LoadBalancingPolicy[], mode: Mode): LoadBalancingPolicy[] {
  return policies.map((policy) => ({ ...policy, spec: { ...policy.spec, mode } }));
}
