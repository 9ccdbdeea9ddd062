/** Envoy configuration as Istio writes it for a sidecar, cut down to what the plugin's tests need. */
import { AGENT_CLUSTER } from '../../../contract/names.ts';
import type { Routing } from '../../../contract/assignment.ts';
import { ENDPOINT_HEADER, SESSION_HEADER } from '../../../contract/names.ts';

const TYPE = 'type.googleapis.com/envoy';

export interface Endpoint {
  readonly name: string;
  /** `ip:port` */
  readonly address: string;
}

export interface TargetService {
  readonly host: string;
  readonly port: number;
  readonly routing: Routing;
  readonly endpoints: readonly Endpoint[];
}

/** The plugin in a listener; `undefined` leaves it out. */
export interface PluginSetup {
  readonly wasm: string;
  readonly configuration?: string;
}

function outboundCluster(service: Pick<TargetService, 'host' | 'port'>, subset = ''): string {
  return `outbound|${service.port}|${subset}|${service.host}`;
}

function socketAddress(address: string): object {
  const colon = address.lastIndexOf(':');
  return { socket_address: { address: address.slice(0, colon), port_value: Number(address.slice(colon + 1)) } };
}

/** Istio's defaults: no limits. Envoy's own would let three retries at a time through. */
const UNLIMITED = 4294967295;
const CIRCUIT_BREAKERS = {
  thresholds: [
    { max_connections: UNLIMITED, max_pending_requests: UNLIMITED, max_requests: UNLIMITED, max_retries: UNLIMITED },
  ],
};

function staticCluster(name: string, addresses: readonly string[]): object {
  return {
    name,
    type: 'STATIC',
    lb_policy: 'LEAST_REQUEST',
    connect_timeout: '1s',
    circuit_breakers: CIRCUIT_BREAKERS,
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address: socketAddress(address) } })) }],
    },
  };
}

/** A cluster with the protocol of the request, HTTP/1.1 or HTTP/2, as istiod configures sidecars. */
function httpCluster(name: string, addresses: readonly string[]): object {
  const protocols = {
    '@type': `${TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions`,
    use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} },
  };
  return {
    ...staticCluster(name, addresses),
    typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': protocols },
  };
}

/** Clusters of the services, one subset per replica in Subset routing, all with `more`, and the agent's. */
export function outboundClusters(services: readonly TargetService[], agent: string, more: object = {}): object[] {
  return [
    staticCluster(AGENT_CLUSTER, [agent]),
    ...services
      .flatMap((service) => [
        httpCluster(
          outboundCluster(service),
          service.endpoints.map(({ address }) => address),
        ),
        ...(service.routing === 'Subset'
          ? service.endpoints.map(({ name, address }) => httpCluster(outboundCluster(service, name), [address]))
          : []),
      ])
      .map((cluster) => ({ ...cluster, ...more })),
  ];
}

/** Istio's default retry policy. */
const RETRY_POLICY = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled',
  num_retries: 2,
  retry_host_predicate: [
    {
      name: 'envoy.retry_host_predicates.previous_hosts',
      typed_config: { '@type': `${TYPE}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate` },
    },
  ],
  host_selection_retry_max_attempts: 5,
};

function sessionPerRoute(): object {
  return {
    'envoy.filters.http.stateful_session': {
      '@type': `${TYPE}.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute`,
      stateful_session: {
        session_state: {
          name: 'envoy.http.stateful_session.header',
          typed_config: {
            '@type': `${TYPE}.extensions.http.stateful_session.header.v3.HeaderBasedSessionState`,
            name: SESSION_HEADER,
          },
        },
      },
    },
  };
}

function virtualHost(service: TargetService): object {
  const toSubset = service.endpoints.map(({ name }) => ({
    match: { prefix: '/', headers: [{ name: ENDPOINT_HEADER, string_match: { exact: name } }] },
    route: { cluster: outboundCluster(service, name), timeout: '0s', retry_policy: RETRY_POLICY },
  }));
  const toAny = {
    name: 'default',
    match: { prefix: '/' },
    route: { cluster: outboundCluster(service), timeout: '0s', retry_policy: RETRY_POLICY },
    ...(service.routing === 'Endpoint' ? { typed_per_filter_config: sessionPerRoute() } : {}),
  };
  return {
    name: `${service.host}:${service.port}`,
    domains: [service.host, `${service.host}:${service.port}`],
    routes: [...(service.routing === 'Subset' ? toSubset : []), toAny],
  };
}

export function wasmFilter({ wasm, configuration = '{}' }: PluginSetup): object {
  return {
    name: 'ballast',
    typed_config: {
      '@type': `${TYPE}.extensions.filters.http.wasm.v3.Wasm`,
      config: {
        name: 'ballast',
        root_id: 'ballast',
        // A trap must show as a failed request here, not as a plugin that is silently left out.
        failure_policy: 'FAIL_CLOSED',
        vm_config: { vm_id: 'ballast', runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: wasm } } },
        configuration: { '@type': 'type.googleapis.com/google.protobuf.StringValue', value: configuration },
      },
    },
  };
}

/** Envoy's filter that routes by session; it is active only on routes that configure it. */
export const SESSION_FILTER = {
  name: 'envoy.filters.http.stateful_session',
  typed_config: { '@type': `${TYPE}.extensions.filters.http.stateful_session.v3.StatefulSession` },
};

const ROUTER = {
  name: 'envoy.filters.http.router',
  typed_config: { '@type': `${TYPE}.extensions.filters.http.router.v3.Router` },
};

function httpListener(
  name: string,
  direction: 'OUTBOUND' | 'INBOUND',
  filters: readonly object[],
  virtualHosts: object[],
): object {
  const manager = {
    '@type': `${TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    stream_idle_timeout: '0s',
    route_config: { name, virtual_hosts: virtualHosts },
    http_filters: [...filters, ROUTER],
  };
  return {
    name,
    traffic_direction: direction,
    address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

/** The listener through which the application calls others. */
export function outboundListener(services: readonly TargetService[], plugin?: PluginSetup): object {
  return listenerWith([...(plugin ? [wasmFilter(plugin)] : []), SESSION_FILTER], services);
}

/** The same with other filters. */
export function listenerWith(filters: readonly object[], services: readonly TargetService[]): object {
  return httpListener('outbound', 'OUTBOUND', filters, services.map(virtualHost));
}

/** The listener in front of the application, and the cluster that is the application. */
export function inboundListener(plugin?: PluginSetup): object {
  const route = { match: { prefix: '/' }, route: { cluster: 'inbound|8080||', timeout: '0s' } };
  const filters = plugin ? [wasmFilter(plugin)] : [];
  return httpListener('inbound', 'INBOUND', filters, [{ name: 'inbound', domains: ['*'], routes: [route] }]);
}

export function inboundClusters(application: string, agent: string): object[] {
  return [httpCluster('inbound|8080||', [application]), staticCluster(AGENT_CLUSTER, [agent])];
}
