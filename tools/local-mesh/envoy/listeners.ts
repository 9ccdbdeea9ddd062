/** Listeners and their HTTP filters, in istiod's order. */
import { namespaceOf, selects } from '../../../central-controller/kubernetes/manifest.ts';
import { ROOT_NAMESPACE } from '../../../central-controller/routing/host-rules.ts';
import type { WasmPlugin } from './rendered-kinds.ts';
import type { MeshService } from './mesh-objects.ts';
import { type EnvoyObject, type ProxyInput, SERVICE_PORT, socketAddress, typeUrl } from './proxy.ts';
import { SESSION_FILTER } from './routes.ts';

type Side = 'inbound' | 'outbound' | 'gateway';

const POLICIES = { FAIL_OPEN: 'FAIL_OPEN', FAIL_CLOSE: 'FAIL_CLOSED', FAIL_RELOAD: 'FAIL_RELOAD' } as const;

function applies(plugin: WasmPlugin, proxy: ProxyInput, side: Side): boolean {
  const namespace = namespaceOf(plugin);
  if (namespace !== proxy.namespace && namespace !== ROOT_NAMESPACE) return false;
  const chosen = plugin.spec.selector?.matchLabels ?? {};
  if (Object.keys(chosen).length > 0 && !selects(chosen, proxy.labels)) return false;
  const mode = side === 'inbound' ? 'SERVER' : 'CLIENT';
  const matches = plugin.spec.match ?? [];
  return matches.length === 0 || matches.some((match) => match.mode === mode || match.mode === 'CLIENT_AND_SERVER');
}

/** Istio brings the plugin by extension discovery; here it is written into the listener, from a local file. */
function pluginFilter(plugin: WasmPlugin, proxy: ProxyInput): EnvoyObject {
  const id = `${namespaceOf(plugin)}.${plugin.metadata.name}`;
  const { pluginConfig, pluginName = '', failStrategy = 'FAIL_CLOSE' } = plugin.spec;
  return {
    name: `extensions.istio.io/wasmplugin/${id}`,
    typed_config: {
      ...typeUrl('envoy.extensions.filters.http.wasm.v3.Wasm'),
      config: {
        name: id,
        root_id: pluginName,
        failure_policy: POLICIES[failStrategy],
        vm_config: {
          runtime: 'envoy.wasm.runtime.v8',
          code: { local: { filename: proxy.pluginPath } },
        },
        ...(pluginConfig
          ? { configuration: { ...typeUrl('google.protobuf.StringValue'), value: JSON.stringify(pluginConfig) } }
          : {}),
      },
    },
  };
}

function filter(name: string, message: string, fields: EnvoyObject = {}): EnvoyObject {
  return { name, typed_config: { ...typeUrl(message), ...fields } };
}

function httpFilters(proxy: ProxyInput, plugins: readonly WasmPlugin[], side: Side): EnvoyObject[] {
  const session = filter(SESSION_FILTER, 'envoy.extensions.filters.http.stateful_session.v3.StatefulSession');
  return [
    ...plugins.filter((plugin) => applies(plugin, proxy, side)).map((plugin) => pluginFilter(plugin, proxy)),
    filter('envoy.filters.http.grpc_stats', 'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', {
      emit_filter_state: true,
      stats_for_all_methods: false,
    }),
    filter('envoy.filters.http.fault', 'envoy.extensions.filters.http.fault.v3.HTTPFault'),
    filter('envoy.filters.http.cors', 'envoy.extensions.filters.http.cors.v3.Cors'),
    ...(side === 'inbound' ? [] : [session]),
    filter('envoy.filters.http.router', 'envoy.extensions.filters.http.router.v3.Router'),
  ];
}

const CLIENT_CERTIFICATE = {
  inbound: {
    forward_client_cert_details: 'APPEND_FORWARD',
    set_current_client_cert_details: { subject: true, dns: true, uri: true },
  },
  outbound: {},
  gateway: {
    forward_client_cert_details: 'SANITIZE_SET',
    set_current_client_cert_details: { subject: true, cert: true, dns: true, uri: true },
    http_protocol_options: {},
  },
} as const;

export interface HttpListener {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  /** Port that callers mean; Istio names statistics by it. */
  readonly capturedPort: number;
  readonly side: Side;
  readonly routes: EnvoyObject;
}

/**
 * A listener with one HTTP connection manager. No access log, as Istio has none unless asked, and no tracing, since
 * there is nobody to send spans to.
 */
export function httpListener(spec: HttpListener, proxy: ProxyInput, plugins: readonly WasmPlugin[]): EnvoyObject {
  const { side } = spec;
  const manager = {
    ...typeUrl('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: `${side === 'inbound' ? 'inbound' : 'outbound'}_0.0.0.0_${spec.capturedPort};`,
    ...(side === 'outbound' ? {} : { server_name: 'istio-envoy' }),
    use_remote_address: side === 'gateway',
    ...CLIENT_CERTIFICATE[side],
    normalize_path: true,
    path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
    stream_idle_timeout: '0s',
    upgrade_configs: [{ upgrade_type: 'websocket' }],
    proxy_100_continue: true,
    request_id_extension: {
      typed_config: {
        ...typeUrl('envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig'),
        use_request_id_for_trace_sampling: true,
      },
    },
    route_config: spec.routes,
    http_filters: httpFilters(proxy, plugins, side),
  };
  return {
    name: spec.name,
    address: socketAddress(spec.ip, spec.port),
    traffic_direction: side === 'inbound' ? 'INBOUND' : 'OUTBOUND',
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
}

/** The one route of a sidecar towards its own replica; only a request that it never took is tried again. */
export function inboundRoutes(services: readonly MeshService[]): EnvoyObject {
  const cluster = `inbound|${SERVICE_PORT}||`;
  const operation = services[0] ? `${services[0].host}:${SERVICE_PORT}/*` : `:${SERVICE_PORT}/*`;
  const route = {
    cluster,
    timeout: '0s',
    max_stream_duration: { max_stream_duration: '0s', grpc_timeout_header_max: '0s' },
    retry_policy: { retry_on: 'reset-before-request', num_retries: 2 },
  };
  return {
    name: cluster,
    virtual_hosts: [
      {
        name: `inbound|http|${SERVICE_PORT}`,
        domains: ['*'],
        routes: [{ name: 'default', match: { prefix: '/' }, route, decorator: { operation } }],
      },
    ],
    validate_clusters: false,
  };
}
