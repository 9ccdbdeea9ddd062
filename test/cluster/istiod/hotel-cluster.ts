/** The hotel application as a cluster would hold it: with pods, endpoints and the Services' own addresses. */
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import type { Routing } from '../../../contract/assignment.ts';
import { DEFAULT_PAIR } from '../../../tools/install/versions.ts';
import { hotelReservation as hotel } from '../../../tools/local-mesh/applications/applications.ts';
import type { StubObjects } from './kubernetes-stub.ts';

export const NAMESPACE = 'hotel-reservation';
export const GATEWAY_POD = 'hotel-gateway-0';
const MESH_CONFIG = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'istio', namespace: 'istio-system' },
  data: { mesh: 'outboundTrafficPolicy: {mode: REGISTRY_ONLY}' },
};

export interface HotelCluster {
  /** What the local mesh renders from. */
  readonly manifests: readonly Manifest[];
  /** What istiod reads of Istio's kinds. */
  readonly istioObjects: readonly Manifest[];
  /** What istiod reads of Kubernetes'. */
  readonly kubernetes: StubObjects;
  readonly addresses: ReadonlyMap<string, string>;
}

/**
 * Newer istiods turn a WasmPlugin of the API server into a TrafficExtension, and leave one that they read from a file alone.
 */
export const PLUGIN_KIND = DEFAULT_PAIR.istio === '1.29' ? 'WasmPlugin' : 'TrafficExtension';

function asPluginKind(object: Manifest): Manifest {
  if (object.kind !== 'WasmPlugin' || PLUGIN_KIND === 'WasmPlugin') return object;
  const { match, ...wasm } = object['spec'] as { readonly match: unknown };
  return { ...object, kind: PLUGIN_KIND, spec: { match, wasm } };
}

function namespace(name: string): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function pod(name: string, ip: string, labels: Readonly<Record<string, string>>, ready: boolean) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, uid: `uid-${name}`, labels },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
    },
  };
}

type TestPod = ReturnType<typeof pod>;

function endpointSlice(service: string, pods: readonly TestPod[]) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-a`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: pods.map(({ metadata, status }) => {
      const ready = status.conditions.every((condition) => condition.status === 'True');
      return {
        addresses: [status.podIP],
        conditions: { ready, serving: ready, terminating: false },
        nodeName: 'node-1',
        targetRef: { kind: 'Pod', name: metadata.name, namespace: NAMESPACE },
      };
    }),
  };
}

/** Three replicas of each service; the last of `user` is not ready. */
export async function hotelCluster(routing: Routing, extra: readonly Manifest[] = []): Promise<HotelCluster> {
  const given = [...(await hotel.manifests(routing)), ...extra];
  const services = given
    .filter(({ kind }) => kind === 'Service')
    .map((service, index) => {
      const clusterIP = `10.96.0.${10 + index}`;
      return {
        ...service,
        spec: { ...('spec' in service ? Object(service.spec) : {}), clusterIP, clusterIPs: [clusterIP] },
      };
    });
  const names = services.map(({ metadata }) => metadata.name);
  const applications = names.filter((name) => name !== 'hotel-gateway');
  const replicas = applications.map((app, index) => ({
    app,
    pods: [0, 1, 2].map((ordinal) => {
      const name = `${app}-${ordinal}`;
      const labels = { app, 'statefulset.kubernetes.io/pod-name': name };
      return pod(name, `10.244.${index}.${10 + ordinal}`, labels, name !== 'user-2');
    }),
  }));
  const gateway = pod(GATEWAY_POD, '10.244.200.10', { istio: 'hotel-gateway' }, true);
  const pods = [...replicas.flatMap((each) => each.pods), gateway];
  const rest = given.filter(({ kind }) => kind !== 'Service');
  return {
    manifests: [...rest, ...services, ...pods],
    istioObjects: rest.filter(({ apiVersion }) => apiVersion.includes('istio.io/')).map(asPluginKind),
    kubernetes: {
      services,
      pods,
      endpointslices: [
        ...replicas.map(({ app, pods: own }) => endpointSlice(app, own)),
        endpointSlice('hotel-gateway', [gateway]),
      ],
      namespaces: [namespace(NAMESPACE), namespace('istio-system')],
      configmaps: [MESH_CONFIG],
    },
    addresses: new Map(pods.map(({ metadata, status }) => [metadata.name, status.podIP])),
  };
}
