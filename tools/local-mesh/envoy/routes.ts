/** Routes as istiod 1.29 makes them of a VirtualService, or of a Service that has none. */
import { fullHost, SESSION_LABEL } from '../../../central-controller/routing/istio-names.ts';
import { namespaceOf } from '../../../central-controller/kubernetes/manifest.ts';
import type {
  RenderedDestination,
  HttpMatch,
  RenderedRoute,
  Retries,
  StringMatch,
  RenderedVirtualService,
} from './rendered-kinds.ts';
import type { MeshService } from './mesh-objects.ts';
import { envoyDuration, type EnvoyObject, typeUrl } from './proxy.ts';

export const SESSION_FILTER = 'envoy.filters.http.stateful_session';

const DEFAULT_RETRY_ON = 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes';

const PREVIOUS_HOSTS = {
  name: 'envoy.retry_host_predicates.previous_hosts',
  typed_config: typeUrl('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate'),
};

export function clusterName(port: number, subset: string, host: string): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** istiod's conversion: numbers in `retryOn` are status codes; 0 attempts means no retry at all. */
function retryPolicy(retries?: Retries): EnvoyObject | undefined {
  if (retries && (retries.attempts ?? 0) === 0) return undefined;
  const parts = (retries?.retryOn ?? DEFAULT_RETRY_ON).split(',').map((part) => part.trim());
  const codes = parts.filter((part) => /^\d+$/.test(part)).map(Number);
  const conditions = parts.filter((part) => part !== '' && !/^\d+$/.test(part));
  if (codes.length > 0 && !conditions.includes('retriable-status-codes')) conditions.push('retriable-status-codes');
  return {
    retry_on: conditions.join(','),
    num_retries: retries?.attempts ?? 2,
    ...(retries?.retryIgnorePreviousHosts === false ? {} : { retry_host_predicate: [PREVIOUS_HOSTS] }),
    host_selection_retry_max_attempts: '5',
    ...(codes.length > 0 ? { retriable_status_codes: codes } : {}),
    ...(retries?.perTryTimeout === undefined ? {} : { per_try_timeout: envoyDuration(retries.perTryTimeout) }),
  };
}

function stringMatcher(match: StringMatch): EnvoyObject {
  return 'regex' in match ? { safe_regex: { regex: match.regex } } : match;
}

function pathMatch(uri: StringMatch | undefined): EnvoyObject {
  if (uri === undefined) return { prefix: '/' };
  if ('exact' in uri) return { path: uri.exact };
  return 'prefix' in uri ? { prefix: uri.prefix } : { safe_regex: { regex: uri.regex } };
}

function routeMatch(match: HttpMatch | undefined): EnvoyObject {
  if (!match) return { prefix: '/' };
  const headers = Object.entries(match.headers ?? {})
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => ({ name, string_match: stringMatcher(value) }));
  return { ...pathMatch(match.uri), case_sensitive: true, ...(headers.length > 0 ? { headers } : {}) };
}

function isCatchAll(match: HttpMatch | undefined): boolean {
  if (!match) return true;
  if (Object.keys(match.headers ?? {}).length > 0) return false;
  const { uri } = match;
  if (uri === undefined) return true;
  return ('prefix' in uri && uri.prefix === '/') || ('regex' in uri && uri.regex === '.*');
}

function pathOf(uri: StringMatch | undefined): string {
  if (uri === undefined) return '/*';
  if ('exact' in uri) return uri.exact;
  return 'prefix' in uri ? `${uri.prefix}*` : uri.regex;
}

/** Per-route configuration that switches the session filter on for a Service with the session label. */
export function sessionOverride(service: MeshService | undefined): EnvoyObject | undefined {
  const header = service?.labels[SESSION_LABEL];
  if (!header) return undefined;
  return {
    [SESSION_FILTER]: {
      ...typeUrl('envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute'),
      stateful_session: {
        session_state: {
          name: 'envoy.http.stateful_session.header',
          typed_config: {
            ...typeUrl('envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState'),
            name: header,
          },
        },
      },
    },
  };
}

/** The Services that routes may name, and the port at which the route configuration listens. */
export interface RouteContext {
  readonly services: readonly MeshService[];
  readonly port: number;
}

function destinationOf(destination: RenderedDestination, namespace: string, context: RouteContext) {
  const host = fullHost(destination.host, namespace);
  const ports = context.services.filter((service) => service.host === host);
  const port = destination.port?.number ?? (ports.length === 1 ? ports[0]?.port : undefined) ?? context.port;
  return { host, port, service: ports.find((service) => service.port === port) };
}

function translate(
  route: RenderedRoute,
  match: HttpMatch | undefined,
  vs: RenderedVirtualService,
  context: RouteContext,
) {
  const destination = route.route[0]?.destination ?? { host: '' };
  const { host, port, service } = destinationOf(destination, namespaceOf(vs), context);
  const name = [route.name, match?.name].filter((part) => part !== undefined).join('.');
  const retries = retryPolicy(route.retries);
  const timeout = envoyDuration(route.timeout ?? '0s');
  const session = sessionOverride(service);
  return {
    ...(name === '' ? {} : { name }),
    match: routeMatch(match),
    route: {
      cluster: clusterName(port, destination.subset ?? '', host),
      timeout,
      ...(retries ? { retry_policy: retries } : {}),
    },
    metadata: { filter_metadata: { istio: { config: configPath(vs, 'virtual-service') } } },
    decorator: { operation: `${host}:${port}${pathOf(match?.uri)}` },
    ...(session ? { typed_per_filter_config: session } : {}),
  };
}

/** istiod notes the object that a route or a cluster comes from. */
export function configPath(
  from: { readonly apiVersion: string; readonly metadata: { readonly name: string; readonly namespace?: string } },
  kind: string,
): string {
  return `/apis/${from.apiVersion}/namespaces/${namespaceOf(from)}/${kind}/${from.metadata.name}`;
}

/** Routes of several VirtualServices for one host: those that match everything come last. */
export function catchAllsLast(routes: readonly EnvoyObject[]): EnvoyObject[] {
  const [catchAlls, others] = [routes.filter(isCatchAllRoute), routes.filter((route) => !isCatchAllRoute(route))];
  return [...others, ...catchAlls];
}

function isCatchAllRoute(route: EnvoyObject): boolean {
  const {
    prefix,
    headers,
    safe_regex: regex,
  } = route['match'] as {
    prefix?: string;
    headers?: unknown;
    safe_regex?: { regex: string };
  };
  return headers === undefined && (prefix === '/' || regex?.regex === '.*');
}

/** Routes of one VirtualService in their order, ended by the first that matches everything. */
export function virtualServiceRoutes(vs: RenderedVirtualService, context: RouteContext): EnvoyObject[] {
  const routes: EnvoyObject[] = [];
  for (const route of vs.spec.http) {
    const matches = route.match && route.match.length > 0 ? route.match : [undefined];
    for (const match of matches) {
      routes.push(translate(route, match, vs, context));
      if (isCatchAll(match)) return routes;
    }
  }
  return routes;
}

/** The one route of a Service without VirtualService. */
export function defaultRoute(service: MeshService): EnvoyObject {
  return {
    name: 'default',
    match: { prefix: '/' },
    route: {
      cluster: clusterName(service.port, '', service.host),
      timeout: '0s',
      retry_policy: retryPolicy(),
    },
    decorator: { operation: `${service.host}:${service.port}/*` },
  };
}
