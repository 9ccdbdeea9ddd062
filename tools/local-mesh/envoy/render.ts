/**
 * Envoy configuration of one proxy of the local mesh, rendered from the same Kubernetes and Istio objects as in a cluster.
 * It follows istiod 1.29, except where a pod has no network namespace: explicit listeners instead of captured ones, no
 * mutual TLS, unknown hosts refused.
 */
import { type Manifest, selects } from '../../../central-controller/kubernetes/manifest.ts';
import { AGENT_CLUSTER } from '../../../contract/names.ts';
import { agentCluster, inboundCluster, renderOutboundClusters } from './clusters.ts';
import { gatewayListeners } from './gateway.ts';
import { httpListener, inboundRoutes } from './listeners.ts';
import { type MeshObjects, type MeshService, readMeshObjects } from './mesh-objects.ts';
import { ADMIN_PORT, type EnvoyObject, OUTBOUND_PORT, type ProxyInput, SERVICE_PORT, socketAddress } from './proxy.ts';
import { clusterName } from './routes.ts';
import { sidecarRoutes } from './virtual-hosts.ts';

export type { ProxyInput } from './proxy.ts';

/** The agent is rendered apart: every proxy calls the one of its own node. */
function withoutAgent(mesh: MeshObjects): MeshObjects {
  const services = mesh.services.filter(({ port, host }) => clusterName(port, '', host) !== AGENT_CLUSTER);
  return { ...mesh, services };
}

/** Services that this proxy's pod is a replica of. */
function servicesOf(proxy: ProxyInput, mesh: MeshObjects): MeshService[] {
  return mesh.services.filter(
    ({ namespace, selector, port }) =>
      namespace === proxy.namespace && port === SERVICE_PORT && selects(selector, proxy.labels),
  );
}

function sidecarResources(proxy: ProxyInput, mesh: MeshObjects) {
  const own = servicesOf(proxy, mesh);
  const common = { ip: proxy.ip, capturedPort: SERVICE_PORT };
  const inbound = {
    ...common,
    name: 'virtualInbound',
    port: SERVICE_PORT,
    side: 'inbound',
    routes: inboundRoutes(own),
  } as const;
  const outbound = {
    ...common,
    name: `0.0.0.0_${SERVICE_PORT}`,
    port: OUTBOUND_PORT,
    side: 'outbound',
    routes: sidecarRoutes(proxy, mesh, SERVICE_PORT),
  } as const;
  return {
    listeners: [inbound, outbound].map((listener) => httpListener(listener, proxy, mesh.plugins)),
    clusters: [inboundCluster(proxy, own)],
  };
}

function gatewayResources(proxy: ProxyInput, mesh: MeshObjects) {
  const listeners = gatewayListeners(proxy, mesh).map(({ port, routes }) =>
    httpListener(
      { name: `0.0.0.0_${port}`, ip: proxy.ip, port, capturedPort: port, side: 'gateway', routes },
      proxy,
      mesh.plugins,
    ),
  );
  return { listeners, clusters: [] };
}

/**
 * Bootstrap configuration for `envoy -c <file>.json`. Statistics are limited to those of Envoy's own state, as Istio
 * limits them, since each cluster's own would cost memory in every proxy.
 * @throws BallastError INVALID_MANIFEST, naming the object and the field that the local mesh cannot render
 */
export function renderBootstrap(proxy: ProxyInput, manifests: readonly Manifest[]): EnvoyObject {
  const mesh = withoutAgent(readMeshObjects(manifests));
  const render = proxy.kind === 'sidecar' ? sidecarResources : gatewayResources;
  const { listeners, clusters } = render(proxy, mesh);
  const type = proxy.kind === 'sidecar' ? 'sidecar' : 'router';
  return {
    node: {
      id: `${type}~${proxy.ip}~${proxy.pod}.${proxy.namespace}~${proxy.namespace}.svc.cluster.local`,
      cluster: `${proxy.labels['app'] ?? proxy.pod}.${proxy.namespace}`,
      metadata: { NAMESPACE: proxy.namespace, NAME: proxy.pod, LABELS: proxy.labels },
    },
    admin: { address: socketAddress(proxy.ip, ADMIN_PORT) },
    stats_config: {
      use_all_default_tags: false,
      stats_matcher: {
        inclusion_list: {
          patterns: [
            ...['cluster_manager', 'listener_manager', 'server', 'wasm'].map((prefix) => ({ prefix })),
            // Requests that a replica held when its connection broke: what no other replica may be asked instead.
            { suffix: 'upstream_cx_destroy_remote_with_active_rq' },
          ],
        },
      },
    },
    static_resources: {
      listeners,
      clusters: [...renderOutboundClusters(mesh, proxy), ...clusters, agentCluster(proxy)],
    },
  };
}
