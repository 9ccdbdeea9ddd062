/** Route configurations of a gateway: hosts of its Gateways' servers, joined with the VirtualServices bound to them. */
import { qualifiedName } from '../../../contract/names.ts';
import { namespaceOf, selects } from '../../../central-controller/kubernetes/manifest.ts';
import { byAge, coversHost } from '../../../central-controller/routing/host-rules.ts';
import type { Gateway, RenderedVirtualService } from './rendered-kinds.ts';
import type { MeshObjects, MeshService } from './mesh-objects.ts';
import type { EnvoyObject, ProxyInput } from './proxy.ts';
import { catchAllsLast, sessionOverride, virtualServiceRoutes } from './routes.ts';
import { byName, isBoundTo, ROUTE_DEFAULTS } from './virtual-hosts.ts';

/** The narrower of the two names, if one covers the other. */
function intersection(server: string, own: string): string[] {
  if (coversHost(server, own)) return [own];
  return coversHost(own, server) ? [server] : [];
}

/** Hosts of a Gateway's server that this namespace may use: `host`, `namespace/host`, `./host` or `*` + `/host`. */
function serverHosts(hosts: readonly string[], gateway: Gateway, namespace: string): string[] {
  return hosts.flatMap((entry) => {
    const [scope, host] = entry.includes('/') ? entry.split('/', 2) : ['*', entry];
    const allowed = scope === '.' ? namespaceOf(gateway) : scope;
    return host !== undefined && (allowed === '*' || allowed === namespace) ? [host] : [];
  });
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

/** One server port of the proxy's Gateways. */
interface ServerPort {
  /** Port that Envoy listens on. */
  readonly port: number;
  /** Port that the Gateway names. */
  readonly server: number;
  /** What routes each host's requests, in order. */
  readonly hosts: Map<string, { readonly gateway: string; readonly virtualService: RenderedVirtualService }[]>;
}

function serverPorts(proxy: ProxyInput, mesh: MeshObjects): ServerPort[] {
  const ports = new Map<number, ServerPort>();
  for (const gateway of mesh.gateways.filter(({ spec }) => selects(spec.selector, proxy.labels))) {
    const id = qualifiedName(gateway.metadata);
    const bound = mesh.virtualServices.filter((each) => isBoundTo(each, id)).toSorted(byAge);
    for (const { port: named, hosts } of gateway.spec.servers) {
      const port = listeningPort(named.number, proxy, mesh.services);
      const known = ports.get(port) ?? { port, server: named.number, hosts: new Map() };
      ports.set(port, known);
      for (const virtualService of bound) {
        const offered = serverHosts(hosts, gateway, namespaceOf(virtualService));
        const common = offered.flatMap((host) => virtualService.spec.hosts.flatMap((own) => intersection(host, own)));
        for (const host of new Set(common)) {
          known.hosts.set(host, [...(known.hosts.get(host) ?? []), { gateway: id, virtualService }]);
        }
      }
    }
  }
  return [...ports.values()].toSorted((a, b) => a.port - b.port);
}

/** istiod's order of hosts: those without wildcard first, longer before shorter. */
function bySpecificity(a: string, b: string): number {
  return Number(a.startsWith('*')) - Number(b.startsWith('*')) || b.length - a.length || (a < b ? -1 : 1);
}

/** Hosts that are routed by the same objects share one virtual host, under the name of the most specific. */
function virtualHosts({ server, hosts }: ServerPort, mesh: MeshObjects): EnvoyObject[] {
  const groups = Map.groupBy([...hosts.keys()].toSorted(bySpecificity), (host) =>
    (hosts.get(host) ?? [])
      .map(({ gateway, virtualService }) => `${gateway} ${qualifiedName(virtualService.metadata)}`)
      .join(' '),
  );
  return [...groups.values()].map((domains) => {
    const [first = ''] = domains;
    const session = sessionOverride(mesh.services.find((service) => service.host === first));
    const routes = (hosts.get(first) ?? []).flatMap(({ virtualService }) =>
      virtualServiceRoutes(virtualService, { services: mesh.services, port: server }),
    );
    return {
      name: `${first}:${server}`,
      domains,
      routes: catchAllsLast(routes),
      include_request_attempt_count: true,
      ...(session ? { typed_per_filter_config: session } : {}),
    };
  });
}

interface GatewayListener {
  readonly port: number;
  readonly routes: EnvoyObject;
}

/** One listener per server port of the Gateways that choose this proxy, with its route configuration. */
export function gatewayListeners(proxy: ProxyInput, mesh: MeshObjects): GatewayListener[] {
  return serverPorts(proxy, mesh).map((serverPort) => {
    const { port, server } = serverPort;
    const hosts = virtualHosts(serverPort, mesh);
    const blackhole = { name: `blackhole:${server}`, domains: ['*'], routes: [] };
    const routes = {
      name: `http.${port}`,
      virtual_hosts: hosts.length > 0 ? hosts.toSorted(byName) : [blackhole],
      ...ROUTE_DEFAULTS,
    };
    return { port, routes };
  });
}
