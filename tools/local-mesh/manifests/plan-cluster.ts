/** All objects of a mesh, from the application's manifests and the size of the mesh. Pure. */
import { Value } from 'typebox/value';
import { KINDS } from '../../../central-controller/kubernetes/kinds.ts';
import { type Manifest, namespaceOf, selectKind } from '../../../central-controller/kubernetes/manifest.ts';
import type { StatefulSet } from '../../../central-controller/kubernetes/objects.ts';
import { BallastError } from '../../../contract/errors.ts';
import { LoadBalancingPolicy, POLICY_KIND } from '../../../contract/policy.ts';
import type { Result } from '../../../contract/result.ts';
import { GATEWAY } from '../envoy/rendered-kinds.ts';
import type { NodeSize } from '../node/mesh-node.ts';
import { SERVICE_PORT } from '../envoy/proxy.ts';
import { type MeshPod, nodeObject, replicaLabels } from './cluster-objects.ts';
import { edgeAddresses, placeReplicas } from './placement.ts';

/** Kinds of objects that have the name of their StatefulSet and are left out with it. */
const LEFT_WITH_SET: ReadonlySet<string> = new Set([
  'StatefulSet',
  'Service',
  'DestinationRule',
  'VirtualService',
  POLICY_KIND,
]);

export interface ClusterRequest {
  /** The application's manifests; those of StatefulSets that are not named in `services` are left out. */
  readonly manifests: readonly Manifest[];
  readonly services: readonly string[];
  readonly replicas: number;
  readonly nodes: readonly (NodeSize & { readonly appetite: number })[];
  readonly edge: NodeSize;
  /** First two bytes of every address of the mesh, such as `127.10`. */
  readonly network: string;
  /** Makes a pod's UID. */
  readonly uid: () => string;
}

export interface ClusterPlan {
  /** Objects other than pods and policies. */
  readonly objects: readonly Manifest[];
  readonly policies: readonly LoadBalancingPolicy[];
  readonly replicas: readonly MeshPod[];
  readonly gateway: MeshPod;
}

/** @throws BallastError INVALID_MANIFEST when an object is not of its form, or a service or the gateway is missing */
export function planCluster(request: ClusterRequest): ClusterPlan {
  const { manifests, services, nodes, network } = request;
  const sets = take(selectKind(manifests, KINDS.StatefulSet)).map((set) => set as StatefulSet & Manifest);
  const left = new Set(sets.map(({ metadata }) => metadata.name).filter((name) => !services.includes(name)));
  const kept = manifests.filter(({ kind, metadata }) => !(LEFT_WITH_SET.has(kind) && left.has(metadata.name)));
  const replicas = placeReplicas(services, request.replicas, nodes, network).map((placed): MeshPod => {
    const set = sets.find(({ metadata }) => metadata.name === placed.service);
    if (!set) throw new BallastError('INVALID_MANIFEST', `StatefulSet ${placed.service}: there is none`);
    return {
      name: placed.pod,
      uid: request.uid(),
      namespace: namespaceOf(set),
      labels: replicaLabels(set, placed.pod),
      ip: placed.ip,
      nodeName: nodes[placed.node]?.name ?? '',
      service: placed.service,
    };
  });
  return {
    objects: [
      ...kept.filter(({ kind }) => kind !== POLICY_KIND).map(behindProxy),
      ...[...nodes, request.edge].map(({ name, cores }) => nodeObject(name, cores)),
    ],
    policies: kept.filter((manifest) => Value.Check(LoadBalancingPolicy, manifest)),
    replicas,
    gateway: gatewayPod(request),
  };
}

/** Callers reach the proxy in front of a program, and all proxies have the same port here. */
function behindProxy(manifest: Manifest): Manifest {
  const [service] = take(selectKind([manifest], KINDS.Service));
  if (!service) return manifest;
  const ports = service.spec.ports?.map((port) => ({ ...port, targetPort: SERVICE_PORT }));
  return { ...manifest, spec: { ...service.spec, ...(ports && { ports }) } };
}

/** The gateway is the Deployment that the Gateway object selects; here it is one pod on the edge. */
function gatewayPod({ manifests, edge, network, uid }: ClusterRequest): MeshPod {
  const [gateway] = take(selectKind(manifests, GATEWAY));
  if (!gateway) throw new BallastError('INVALID_MANIFEST', 'there is no Gateway among the manifests');
  return {
    name: `${gateway.metadata.name}-gateway-0`,
    uid: uid(),
    namespace: namespaceOf(gateway),
    labels: gateway.spec.selector,
    ip: edgeAddresses(network).gateway,
    nodeName: edge.name,
  };
}

function take<T>(read: Result<readonly T[]>): readonly T[] {
  if (!read.ok) throw new BallastError(read.failure.code, read.failure.message);
  return read.value;
}
