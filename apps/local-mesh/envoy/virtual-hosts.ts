/** Route configurations: which virtual host answers which names, in istiod's order. */
import { namespaceOf, selects } from '../../../central-controller/cluster/manifest.ts';
import type { Gateway, VirtualService } from './istio-kinds.ts';
import { fullHost, type MeshObjects, type MeshService } from './mesh-objects.ts';
import type { EnvoyObject, ProxyInput } from './proxy.ts';
import { catchAllsLast, defaultRoute, sessionOverride, virtualServiceRoutes } from './routes.ts';

const COMMON = { validate_clusters: false, max_direct_response_body_size_bytes: 1_048_576 } as const;

/** Names by which a sidecar of `namespace` may call a Service, the fullest first. */
function domains(service: MeshService, namespace: string): string[] {
  const short = `${service.name}.${service.namespace}`;
  const local = service.namespace === namespace ? [service.name, `${short}.svc`, short] : [short, `${short}.svc`];
  const { virtualIp } = service;
  return [service.host, `${service.host}.`, ...local, ...(virtualIp === undefined ? [] : [virtualIp])];
}

function isBoundTo(vs: VirtualService, gateway: string): boolean {
  const bound = vs.spec.gateways ?? ['mesh'];
  return bound.some(
    (name) => (name === 'mesh' || name.includes('/') ? name : `${namespaceOf(vs)}/${name}`) === gateway,
  );
}

/** istiod takes older objects first; those of one age, as all of a directory's are, by name, then namespace. */
function inOrder(virtualServices: readonly VirtualService[]): VirtualService[] {
  const keys = ({ metadata }: VirtualService) =>
    [metadata.creationTimestamp ?? '', metadata.name, metadata.namespace ?? 'default'] as const;
  return virtualServices.toSorted((a, b) => {
    const [left, right] = [keys(a), keys(b)];
    const differs = left.findIndex((key, index) => key !== right[index]);
    return differs === -1 ? 0 : (left[differs] ?? '') < (right[differs] ?? '') ? -1 : 1;
  });
}

function byName(a: EnvoyObject, b: EnvoyObject): number {
  return String(a['name']) < String(b['name']) ? -1 : 1;
}

/** Requests to names that no Service has; Istio's outboundTrafficPolicy REGISTRY_ONLY, as nothing captures here. */
const BLOCK_ALL: EnvoyObject = {
  name: 'block_all',
  domains: ['*'],
  include_request_attempt_count: true,
  routes: [{ name: 'block_all', match: { prefix: '/' }, direct_response: { status: 502 } }],
};

/** The route configuration of all services at one port, as a sidecar has it. */
export function sidecarRoutes(proxy: ProxyInput, mesh: MeshObjects, port: number): EnvoyObject {
  const virtualServices = inOrder(mesh.virtualServices.filter((vs) => isBoundTo(vs, 'mesh')));
  const hosts = mesh.services
    .filter((service) => service.port === port)
    .map((service) => {
      const own = virtualServices.find((vs) =>
        vs.spec.hosts.some((host) => fullHost(host, namespaceOf(vs)) === service.host),
      );
      const session = sessionOverride(service);
      return {
        name: `${service.host}:${port}`,
        domains: domains(service, proxy.namespace),
        routes: own ? virtualServiceRoutes(own, { services: mesh.services, port }) : [defaultRoute(service)],
        include_request_attempt_count: true,
        ...(session ? { typed_per_filter_config: session } : {}),
      };
    });
  return {
    name: String(port),
    virtual_hosts: [...hosts.toSorted(byName), BLOCK_ALL],
    ...COMMON,
    ignore_port_in_host_matching: true,
  };
}

function hostMatches(pattern: string, host: string): boolean {
  if (pattern === host || pattern === '*') return true;
  return pattern.startsWith('*.') && (host.endsWith(pattern.slice(1)) || (host.startsWith('*.') && host === pattern));
}

/** The narrower of the two names, if one covers the other. */
function intersection(server: string, own: string): string | undefined {
  if (hostMatches(server, own)) return own;
  return hostMatches(own, server) ? server : undefined;
}

/** Hosts of a Gateway's server that this namespace may use: `host`, `namespace/host`, `./host` or `*` + `/host`. */
function serverHosts(hosts: readonly string[], gateway: Gateway, namespace: string): string[] {
  return hosts.flatMap((entry) => {
    const [scope, host] = entry.includes('/') ? entry.split('/', 2) : ['*', entry];
    const allowed = scope === '.' ? namespaceOf(gateway) : scope;
    return host !== undefined && (allowed === '*' || allowed === namespace) ? [host] : [];
  });
}

export interface GatewayListener {
  /** Port that Envoy listens on. */
  readonly port: number;
  readonly routes: EnvoyObject;
}

/**
 * Where a gateway listens for a server's port: the target port of the Service that fronts the gateway's pod. Without
 * such a Service, privileged ports move up by 8000 (80 becomes 8080), as in Istio's own gateway.
 */
function listeningPort(port: number, proxy: ProxyInput, services: readonly MeshService[]): number {
  const front = services.find(
    (candidate) =>
      candidate.namespace === proxy.namespace && candidate.port === port && selects(candidate.selector, proxy.labels),
  );
  return front?.targetPort ?? (port < 1024 ? port + 8000 : port);
}

/** One listener per server port of the Gateways that choose this proxy, with its route configuration. */
export function gatewayListeners(proxy: ProxyInput, mesh: MeshObjects): GatewayListener[] {
  const listeners = new Map<number, { server: number; hosts: Map<string, { name: string; routes: EnvoyObject[] }> }>();
  for (const gateway of mesh.gateways.filter(({ spec }) => selects(spec.selector, proxy.labels))) {
    const id = `${namespaceOf(gateway)}/${gateway.metadata.name}`;
    const bound = inOrder(mesh.virtualServices.filter((vs) => isBoundTo(vs, id)));
    for (const server of gateway.spec.servers) {
      const port = listeningPort(server.port.number, proxy, mesh.services);
      const listener = listeners.get(port) ?? { server: server.port.number, hosts: new Map() };
      listeners.set(port, listener);
      for (const vs of bound) {
        const routes = virtualServiceRoutes(vs, { services: mesh.services, port: server.port.number });
        for (const offered of serverHosts(server.hosts, gateway, namespaceOf(vs))) {
          for (const own of vs.spec.hosts) {
            const host = intersection(offered, own);
            if (host === undefined) continue;
            const known = listener.hosts.get(host) ?? { name: `${host}:${server.port.number}`, routes: [] };
            listener.hosts.set(host, { ...known, routes: [...known.routes, ...routes] });
          }
        }
      }
    }
  }
  return [...listeners]
    .toSorted(([a], [b]) => a - b)
    .map(([port, { server, hosts }]) => ({
      port,
      routes: gatewayRoutes(port, server, hosts, mesh),
    }));
}

function gatewayRoutes(
  port: number,
  server: number,
  hosts: ReadonlyMap<string, { readonly name: string; readonly routes: readonly EnvoyObject[] }>,
  mesh: MeshObjects,
): EnvoyObject {
  const virtualHosts = [...hosts].map(([host, { name, routes }]) => {
    const session = sessionOverride(mesh.services.find((service) => service.host === host));
    return {
      name,
      domains: [host],
      routes: catchAllsLast(routes),
      include_request_attempt_count: true,
      ...(session ? { typed_per_filter_config: session } : {}),
    };
  });
  const blackhole = { name: `blackhole:${server}`, domains: ['*'], routes: [] };
  return {
    name: `http.${port}`,
    virtual_hosts: virtualHosts.length > 0 ? virtualHosts.toSorted(byName) : [blackhole],
    ...COMMON,
    ignore_port_in_host_matching: true,
  };
}
