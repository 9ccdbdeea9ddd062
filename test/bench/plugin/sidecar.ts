/**
 * The sidecar of a hotel application's pod as istiod configures it: rendered as for the local mesh, which a test checks
 * against a real istiod, with Istio's mutual TLS. Without Ballast it has no session filter, which istiod adds on demand.
 */
import { SESSION_LABEL } from '../../../central-controller/routing/istio-names.ts';
import { hotelReservation as application } from '../../../tools/local-mesh/applications/applications.ts';
import { renderBootstrap } from '../../../tools/local-mesh/envoy/render.ts';
import { SERVICE_PORT } from '../../../tools/local-mesh/envoy/proxy.ts';
import { SESSION_FILTER } from '../../../tools/local-mesh/envoy/routes.ts';
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import { serviceHost } from '../../../contract/names.ts';
import type { Endpoint } from '../../envoy/support/envoy-config.ts';
import type { EnvoySetup } from '../../envoy/support/envoy-process.ts';

const NAMESPACE = 'hotel-reservation';
const TARGET = 'search';
const CALLER = 'frontend';

/** The service that is called, one of the application's. */
export const HOST = serviceHost(NAMESPACE, TARGET);
export const PORT = SERVICE_PORT;

export interface SidecarSpec {
  readonly endpoints: readonly Endpoint[];
  /** `ip:port` of the node's agent. */
  readonly agent: string;
  /** Filters where istiod puts a WasmPlugin's. */
  readonly chooser: readonly object[];
  /** Istio's session filter is there, and the target's Service bears the label of Endpoint routing. */
  readonly sessions: boolean;
  /** Transport socket towards the replicas. */
  readonly transportSocket: object;
}

function podOf({ name, address }: Endpoint) {
  const ip = address.slice(0, address.lastIndexOf(':'));
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE, labels: { app: TARGET } },
    spec: { nodeName: 'node-1' },
    status: { podIP: ip, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

/** The application's Services; only the target has replicas, which listen where its Service says. */
async function manifestsOf({ endpoints, sessions }: SidecarSpec): Promise<Manifest[]> {
  const targetPort = Number(endpoints[0]?.address.split(':').at(-1));
  const services = (await application.manifests('Endpoint'))
    .filter(({ kind }) => kind === 'Service')
    .map((service): Manifest => {
      const { [SESSION_LABEL]: session = '', ...labels } = service.metadata.labels ?? {};
      if (service.metadata.name !== TARGET) return { ...service, metadata: { ...service.metadata, labels } };
      return {
        ...service,
        metadata: { ...service.metadata, labels: sessions ? { ...labels, [SESSION_LABEL]: session } : labels },
        spec: { ...Object(service.spec), ports: [{ name: 'http', port: PORT, targetPort }] },
      };
    });
  return [...services, ...endpoints.map(podOf)];
}

interface Listener {
  readonly name: string;
  readonly filter_chains: readonly { readonly filters: readonly { readonly typed_config: ConnectionManager }[] }[];
}

interface ConnectionManager {
  readonly http_filters: readonly { readonly name: string }[];
}

/** The listener for requests to other services, on a port that the kernel chooses. */
function outboundListener(listeners: readonly Listener[], { chooser, sessions }: SidecarSpec): object {
  const listener = listeners.find(({ name }) => name === `0.0.0.0_${PORT}`);
  const filter = listener?.filter_chains[0]?.filters[0];
  if (listener === undefined || filter === undefined) throw new Error('no listener for requests to other services');
  const manager = filter.typed_config;
  const others = manager.http_filters.filter(({ name }) => sessions || name !== SESSION_FILTER);
  const config = { ...manager, http_filters: [...chooser, ...others] };
  return {
    ...listener,
    name: 'outbound',
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [{ filters: [{ ...filter, typed_config: config }] }],
  };
}

/** Configuration of a real Envoy. */
export async function sidecarSetup(spec: SidecarSpec): Promise<Omit<EnvoySetup, 'nodeId'>> {
  const proxy = {
    kind: 'sidecar' as const,
    pod: `${CALLER}-0`,
    namespace: NAMESPACE,
    ip: '127.0.0.1',
    agentAddress: spec.agent,
    pluginPath: '',
    labels: { app: CALLER },
  };
  const bootstrap = renderBootstrap(proxy, await manifestsOf(spec)) as unknown as {
    readonly stats_config: object;
    readonly static_resources: { readonly listeners: Listener[]; readonly clusters: { readonly name: string }[] };
  };
  const { listeners, clusters } = bootstrap.static_resources;
  const toTarget = `outbound|${PORT}||${HOST}`;
  return {
    listeners: [outboundListener(listeners, spec)],
    clusters: clusters.map((cluster) =>
      cluster.name === toTarget ? { ...cluster, transport_socket: spec.transportSocket } : cluster,
    ),
    statistics: bootstrap.stats_config,
  };
}
