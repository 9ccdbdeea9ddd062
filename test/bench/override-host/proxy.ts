/** Two Envoys that take a replica by name: by the session filter of Endpoint routing, and by the policy override_host. */
import type { EnvoySetup } from '../../envoy/support/envoy-process.ts';

export const METHODS = ['session', 'override'] as const;
export type Method = (typeof METHODS)[number];

export const LISTENER = 'shop';

const UNLIMITED = 4294967295;
const SESSION_HEADER = 'x-session';
const OVERRIDE_HEADER = 'x-replicas';

/** What the control plane says of the replica that requests name. */
export type Health = 'HEALTHY' | 'DRAINING' | 'UNHEALTHY';

function extension(name: string, message: string, fields: object = {}) {
  return { name, typed_config: { '@type': `type.googleapis.com/envoy.extensions.${message}`, ...fields } };
}

function socketAddress(address: string): object {
  const [ip, port] = address.split(':');
  return { socket_address: { address: ip, port_value: Number(port) } };
}

/** The header by which a request names its replicas, best first. The session filter reads one. */
export function naming(method: Method, addresses: readonly [string, ...string[]]): Record<string, string> {
  if (method === 'override') return { [OVERRIDE_HEADER]: addresses.join(',') };
  return { [SESSION_HEADER]: Buffer.from(addresses[0]).toString('base64') };
}

function balancing(method: Method): object {
  // As istiod sets it for a Service with a session label.
  const statuses = ['HEALTHY', 'DRAINING', 'UNKNOWN', 'DEGRADED'];
  if (method === 'session')
    return { lb_policy: 'LEAST_REQUEST', common_lb_config: { override_host_status: { statuses } } };
  const policy = (name: string, message: string, fields: object = {}) => ({
    policies: [
      {
        typed_extension_config: extension(
          `envoy.load_balancing_policies.${name}`,
          `load_balancing_policies.${name}.v3.${message}`,
          fields,
        ),
      },
    ],
  });
  return {
    load_balancing_policy: policy('override_host', 'OverrideHost', {
      override_host_sources: [{ header: OVERRIDE_HEADER }],
      fallback_policy: policy('least_request', 'LeastRequest'),
    }),
  };
}

/** Retries as istiod writes them into every route, and of 503 too, by which a full replica refuses. */
const RETRIES = {
  retry_on: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
  retriable_status_codes: [503],
  num_retries: 2,
  retry_host_predicate: [
    extension('envoy.retry_host_predicates.previous_hosts', 'retry.host.previous_hosts.v3.PreviousHostsPredicate'),
  ],
  host_selection_retry_max_attempts: 5,
};

function listener(method: Method): object {
  const session = extension('envoy.filters.http.stateful_session', 'filters.http.stateful_session.v3.StatefulSession', {
    session_state: extension(
      'envoy.http.stateful_session.header',
      'http.stateful_session.header.v3.HeaderBasedSessionState',
      { name: SESSION_HEADER },
    ),
  });
  const route = { cluster: LISTENER, timeout: '5s', retry_policy: RETRIES };
  const manager = {
    stat_prefix: LISTENER,
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route }] }] },
    http_filters: [
      ...(method === 'session' ? [session] : []),
      extension('envoy.filters.http.router', 'filters.http.router.v3.Router'),
    ],
  };
  const connectionManager = extension(
    'envoy.filters.network.http_connection_manager',
    'filters.network.http_connection_manager.v3.HttpConnectionManager',
    manager,
  );
  return { name: LISTENER, address: socketAddress('127.0.0.1:0'), filter_chains: [{ filters: [connectionManager] }] };
}

/** `addresses` of all replicas; `health` is that of the first. */
export function proxySetup(method: Method, addresses: readonly string[], health: Health, ejects: boolean): EnvoySetup {
  const endpoints = addresses.map((address, index) => ({
    endpoint: { address: socketAddress(address) },
    health_status: index === 0 ? health : 'HEALTHY',
  }));
  const outlier = {
    consecutive_5xx: 5,
    enforcing_success_rate: 0,
    base_ejection_time: '300s',
    max_ejection_percent: 50,
  };
  const cluster = {
    name: LISTENER,
    type: 'STATIC',
    connect_timeout: '1s',
    // Istio sets no limit; Envoy's own default is three retries at a time.
    circuit_breakers: { thresholds: [{ max_retries: UNLIMITED, max_requests: UNLIMITED }] },
    load_assignment: { cluster_name: LISTENER, endpoints: [{ lb_endpoints: endpoints }] },
    ...balancing(method),
    ...(ejects && { outlier_detection: outlier }),
  };
  return { nodeId: method, listeners: [listener(method)], clusters: [cluster] };
}
