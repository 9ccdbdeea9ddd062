/**
 * Holds our rendering against what a real istiod makes of the same objects. Compared whole: route configurations
 * (virtual hosts, domains, order of routes, matches, retries, session filter), clusters with their endpoints, HTTP
 * connection managers with their filters in order. Not compared, because the local mesh has no part in them: mutual
 * TLS, how listeners are bound and captured, tracing, gRPC timeouts, clusters for traffic to unknown hosts, and where
 * the plugin's code comes from.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_PAIR, istioRelease } from '../../tools/install/versions.ts';
import { type ProxyInput, renderBootstrap } from '../../tools/local-mesh/envoy/render.ts';
import { AGENT_CLUSTER } from '../../contract/names.ts';
import { configDump, type DiscoveryNode } from './istiod/discovery-client.ts';
import { type Json, type JsonObject, normalise, section } from './istiod/envoy-json.ts';
import { GATEWAY_POD, type HotelCluster, hotelCluster, NAMESPACE, PLUGIN_KIND } from './istiod/hotel-cluster.ts';
import { type Istiod, startIstiod } from './istiod/istiod.ts';
import { objectsOfOneHost, userObjects } from './istiod/user-objects.ts';

/** Long enough to build istiod where the cache is cold. */
const BUILD_MS = 25 * 60_000;

/** Istio from 1.31 on sends endpoints that are not ready, too. */
const SENDS_UNREADY = !['1.29', '1.30'].includes(DEFAULT_PAIR.istio);
const PLUGIN = `extensions.istio.io/${PLUGIN_KIND.toLowerCase()}/hotel-reservation.ballast`;
/** The name of the plugin's filter begins with this in the local mesh, whichever kind istiod has. */
const RENDERED_AS = 'extensions.istio.io/wasmplugin/';
const TLS = ['transport_socket_matches'];
const BINDING = ['type', 'cleanup_interval', 'upstream_bind_config', 'eds_cluster_config', 'load_assignment'];
const NOT_RENDERED = new Set(['max_grpc_timeout', 'tracing', 'vm_config', ...TLS]);

const CONNECTION_MANAGER = 'envoy.filters.network.http_connection_manager';

interface ConnectionManager {
  readonly http_filters: readonly { readonly name: string; readonly typed_config?: Json }[];
  readonly [field: string]: unknown;
}

/** One proxy's configuration, from whichever side, in one form. */
interface Configuration {
  readonly clusters: ReadonlyMap<string, JsonObject>;
  /** Addresses of the endpoints by cluster, without those that are unhealthy. */
  readonly endpoints: ReadonlyMap<string, readonly string[]>;
  readonly unhealthy: ReadonlyMap<string, readonly string[]>;
  readonly routes: ReadonlyMap<string, Json>;
  /** By statistics prefix, which names side and port. */
  readonly managers: ReadonlyMap<string, ConnectionManager>;
}

function without(object: JsonObject, ...keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)));
}

function managersOf(listeners: readonly unknown[]): ConnectionManager[] {
  return (listeners as readonly { filter_chains?: readonly { filters: readonly JsonObject[] }[] }[])
    .flatMap(({ filter_chains: chains = [] }) => chains.flatMap(({ filters }) => filters))
    .filter((filter) => filter['name'] === CONNECTION_MANAGER)
    .map((filter) => filter['typed_config'] as unknown as ConnectionManager);
}

interface Endpoint {
  readonly health_status?: string;
  readonly endpoint: { readonly address: { readonly socket_address: JsonObject } };
}

function addressesOf(assignment: unknown, unhealthy = false): string[] {
  const { endpoints = [] } = (assignment ?? {}) as {
    endpoints?: readonly { lb_endpoints?: readonly Endpoint[] }[];
  };
  return endpoints
    .flatMap(({ lb_endpoints: each = [] }) => each)
    .filter(({ health_status: status }) => (status === 'UNHEALTHY') === unhealthy)
    .map(({ endpoint }) => endpoint.address.socket_address)
    .map(({ address, port_value: port }) => `${String(address)}:${String(port)}`);
}

function byName(objects: readonly JsonObject[], key = 'name'): ReadonlyMap<string, JsonObject> {
  return new Map(objects.map((object) => [String(object[key]), object]));
}

/** Connection managers without their routes and with the plugin's configuration in place. */
function comparable(managers: readonly ConnectionManager[], plugins: ReadonlyMap<string, Json>) {
  return new Map(
    managers.map((manager) => {
      const { rds: _, route_config: __, ...rest } = manager;
      const filters = manager.http_filters.map(({ name: given, typed_config: config }) => {
        const name = given.replace(/^extensions\.istio\.io\/trafficextension\//, RENDERED_AS);
        return { name, typed_config: config ?? plugins.get(name) ?? null };
      });
      return [String(manager['stat_prefix']), { ...rest, http_filters: filters }] as const;
    }),
  );
}

function ours(proxy: ProxyInput, cluster: HotelCluster): Configuration {
  const bootstrap = normalise(renderBootstrap(proxy, cluster.manifests), NOT_RENDERED) as unknown as {
    static_resources: { listeners: JsonObject[]; clusters: JsonObject[] };
  };
  const { listeners, clusters } = bootstrap.static_resources;
  const managers = managersOf(listeners);
  return {
    clusters: byName(clusters.filter(({ name }) => name !== AGENT_CLUSTER).map((each) => without(each, ...BINDING))),
    endpoints: new Map(clusters.map((each) => [String(each['name']), addressesOf(each['load_assignment'])])),
    unhealthy: new Map(),
    routes: byName(managers.map((manager) => manager['route_config'] as JsonObject)),
    managers: comparable(managers, new Map()),
  };
}

function theirs(raw: unknown): Configuration {
  const dump = normalise(raw, NOT_RENDERED);
  const clusters = section(dump, 'ClustersConfigDump', 'dynamic_active_clusters').map(
    (each) => each['cluster'] as JsonObject,
  );
  const listeners = section(dump, 'ListenersConfigDump', 'dynamic_listeners').map(
    (each) => (each['active_state'] as JsonObject)['listener'],
  );
  const routes = section(dump, 'RoutesConfigDump', 'dynamic_route_configs').map(
    (each) => each['route_config'] as JsonObject,
  );
  const endpoints = section(dump, 'EndpointsConfigDump', 'dynamic_endpoint_configs').map(
    (each) => each['endpoint_config'] as JsonObject,
  );
  const plugins = section(dump, 'EcdsConfigDump', 'ecds_filters').map((each) => each['ecds_filter'] as JsonObject);
  const managers = managersOf(listeners);
  const inbound = managers.flatMap((manager) =>
    manager['route_config'] ? [manager['route_config'] as JsonObject] : [],
  );
  return {
    clusters: byName(
      clusters
        .filter(({ name }) => !/Passthrough|BlackHole/.test(String(name)))
        .map((each) => without(each, '@type', ...BINDING)),
    ),
    endpoints: new Map(endpoints.map((each) => [String(each['cluster_name']), addressesOf(each)])),
    unhealthy: new Map(endpoints.map((each) => [String(each['cluster_name']), addressesOf(each, true)])),
    routes: byName([...routes, ...inbound].map((each) => without(each, '@type'))),
    managers: comparable(
      managers,
      new Map(plugins.map((plugin) => [RENDERED_AS + String((plugin['config'] as JsonObject)['name']), plugin])),
    ),
  };
}

function nodeOf({ kind, ip, pod, labels }: ProxyInput): DiscoveryNode {
  return {
    id: `${kind === 'gateway' ? 'router' : 'sidecar'}~${ip}~${pod}.${NAMESPACE}~${NAMESPACE}.svc.cluster.local`,
    metadata: {
      NAMESPACE,
      NAME: pod,
      LABELS: labels,
      CLUSTER_ID: 'Kubernetes',
      ISTIO_VERSION: istioRelease(DEFAULT_PAIR.istio).version,
    },
  };
}

function proxyOf(cluster: HotelCluster, kind: ProxyInput['kind']): ProxyInput {
  const [pod, labels] = kind === 'gateway' ? [GATEWAY_POD, { istio: 'hotel-gateway' }] : ['geo-0', { app: 'geo' }];
  const ip = cluster.addresses.get(pod) ?? '';
  return { kind, pod, namespace: NAMESPACE, ip, agentAddress: '127.10.1.1:15080', pluginPath: '/ballast.wasm', labels };
}

describe.each([
  { title: 'Endpoint routing', routing: 'Endpoint', extra: [] },
  { title: 'Subset routing', routing: 'Subset', extra: [] },
  { title: "Endpoint routing beside a user's own objects", routing: 'Endpoint', extra: userObjects },
  { title: 'Endpoint routing beside several objects of one host', routing: 'Endpoint', extra: objectsOfOneHost },
] as const)('$title', ({ routing, extra }) => {
  let cluster: HotelCluster;
  let istiod: Istiod;

  beforeAll(async () => {
    cluster = await hotelCluster(routing, extra);
    istiod = await startIstiod(cluster.kubernetes, cluster.istioObjects);
  }, BUILD_MS);

  afterAll(async () => {
    await istiod[Symbol.asyncDispose]();
  });

  describe.each(['sidecar', 'gateway'] as const)('of a %s', (kind) => {
    let rendered: Configuration;
    let real: Configuration;

    beforeAll(async () => {
      const proxy = proxyOf(cluster, kind);
      rendered = ours(proxy, cluster);
      real = theirs(
        await configDump(istiod, nodeOf(proxy), {
          'envoy.config.cluster.v3.Cluster': [],
          'envoy.config.endpoint.v3.ClusterLoadAssignment': [...rendered.clusters.keys()],
          'envoy.config.listener.v3.Listener': [],
          'envoy.config.route.v3.RouteConfiguration': [...rendered.routes.keys()],
          'envoy.config.core.v3.TypedExtensionConfig': [PLUGIN],
        }),
      );
    });

    it('has the same route configurations', () => {
      const names = [...rendered.routes.keys()];
      const more = extra === userObjects ? ['http.9090'] : [];
      expect(names).toEqual(kind === 'sidecar' ? ['inbound|8080||', '8080'] : ['http.8080', ...more]);
      for (const name of names) expect(rendered.routes.get(name), name).toEqual(real.routes.get(name));
    });

    it('has the same clusters in the same order', () => {
      const names = [...rendered.clusters.keys()];
      expect(names.length).toBeGreaterThan(routing === 'Subset' ? 8 * 4 : 8);
      expect(names).toEqual([...real.clusters.keys()].toSorted((a, b) => names.indexOf(a) - names.indexOf(b)));
      for (const name of names.filter((each) => each.startsWith('outbound'))) {
        expect(rendered.clusters.get(name), name).toEqual(real.clusters.get(name));
      }
    });

    it('has the same endpoints, ready ones only', () => {
      const names = [...rendered.clusters.keys()].filter((each) => each.startsWith('outbound|8080|'));
      for (const name of names) expect(rendered.endpoints.get(name), name).toEqual(real.endpoints.get(name) ?? []);
      const user = 'outbound|8080||user.hotel-reservation.svc.cluster.local';
      expect(rendered.endpoints.get(user)).toHaveLength(2);
      expect(real.unhealthy.get(user)).toEqual(SENDS_UNREADY ? ['10.244.7.12:8080'] : []);
    });

    it('has the same connection managers with the same filters', () => {
      const prefixes = [...rendered.managers.keys()];
      expect(prefixes).toContain('outbound_0.0.0.0_8080;');
      expect(prefixes.includes('inbound_0.0.0.0_8080;')).toBe(kind === 'sidecar');
      for (const prefix of prefixes) expect(rendered.managers.get(prefix), prefix).toEqual(real.managers.get(prefix));
    });
  });
});
