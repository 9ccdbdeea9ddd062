/** What the simulated fleet's services, pods and nodes are called, as Istio and Kubernetes name theirs. */
import type { ReplicaTopology, ServiceTopology, Topology } from '../../../../central-controller/model/topology.ts';
import { proxyKey, serviceHost } from '../../../../contract/names.ts';
import type { Fleet, ServiceShape } from '../fleet/ports.ts';

const NAMESPACE = 'fleet';
const PORT = 8080;
/** Callers are spread over nodes, because an agent's report has a maximum size. */
const CALLERS_PER_NODE = 16;

export function nodeName(node: number): string {
  return `node-${node}`;
}

/** The node of a caller: callers live on nodes of their own. */
export function callerNodeName(caller: number): string {
  return `edge-${Math.floor(caller / CALLERS_PER_NODE)}`;
}

export function callerName(caller: number): string {
  return `caller-${caller}`;
}

export function callerCount(fleet: Fleet): number {
  return Math.max(0, ...fleet.services.map(({ callers }) => callers));
}

export function replicaName(service: ServiceShape, replica: number): string {
  return `${service.name}-${replica}`;
}

export function replicaUid(service: ServiceShape, replica: number): string {
  return `uid-${replicaName(service, replica)}`;
}

/** Name of the Envoy cluster of a service, by which a caller's plugin knows it. */
export function clusterName(service: ServiceShape): string {
  const key = proxyKey(PORT, serviceHost(NAMESPACE, service.name));
  return `outbound|${key.replace('|', '||')}`;
}

/** Envoy's `node.id` of a pod's sidecar. */
export function nodeId(pod: string): string {
  return `sidecar~10.0.0.1~${pod}.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`;
}

function replicaTopology(service: number, shape: ServiceShape, replica: number, since: number): ReplicaTopology[] {
  const { node, limitCores, allocationCores } = shape.replicas[replica] ?? {};
  if (node === undefined || allocationCores === undefined) return [];
  const name = replicaName(shape, replica);
  const ip = `10.${service}.${replica >> 8}.${replica & 255}`;
  const limit = limitCores === undefined ? {} : { limitCores };
  const uid = replicaUid(shape, replica);
  const addresses = { [PORT]: `${ip}:${PORT}` };
  return [{ name, uid, node: nodeName(node), addresses, ready: true, since, requestCores: allocationCores, ...limit }];
}

function serviceTopology(shape: ServiceShape, service: number, since: number): ServiceTopology {
  return {
    namespace: NAMESPACE,
    name: shape.name,
    ports: [PORT],
    mode: 'Enforce',
    routing: 'Endpoint',
    pinning: false,
    objective: 'delay',
    shareWeight: 1,
    replicas: shape.replicas.flatMap((_, replica) => replicaTopology(service, shape, replica, since)),
  };
}

/** The fleet as the cluster reports it. `since`: when the replicas became known, ms of the controller's clock. */
export function topologyOf(fleet: Fleet, since: number): Topology {
  const edges = new Set(Array.from({ length: callerCount(fleet) }, (_, caller) => callerNodeName(caller)));
  const nodes = [...fleet.nodes.map((_, node) => nodeName(node)), ...edges];
  return {
    nodes: nodes.map((name) => ({ name })),
    services: fleet.services.map((shape, service) => serviceTopology(shape, service, since)),
  };
}
