/** Route configuration of a sidecar: its virtual hosts and their names, in istiod's order. */
import { virtualServiceFor } from '../../../central-controller/routing/host-rules.ts';
import { qualifiedName } from '../../../contract/names.ts';
import type { RenderedVirtualService } from './rendered-kinds.ts';
import type { MeshObjects, MeshService } from './mesh-objects.ts';
import type { EnvoyObject, ProxyInput } from './proxy.ts';
import { defaultRoute, sessionOverride, virtualServiceRoutes } from './routes.ts';

/** What istiod sets in every route configuration. */
export const ROUTE_DEFAULTS = {
  validate_clusters: false,
  max_direct_response_body_size_bytes: 1_048_576,
  ignore_port_in_host_matching: true,
} as const;

/** Names by which a sidecar of `namespace` may call a Service, the fullest first. */
function domains(service: MeshService, namespace: string): string[] {
  const short = `${service.name}.${service.namespace}`;
  const local = service.namespace === namespace ? [service.name, `${short}.svc`, short] : [short, `${short}.svc`];
  const { virtualIp } = service;
  return [service.host, `${service.host}.`, ...local, ...(virtualIp === undefined ? [] : [virtualIp])];
}

/** Is the VirtualService bound to `mesh`, or to this Gateway (`namespace/name`)? */
export function isBoundTo(vs: RenderedVirtualService, gateway: string): boolean {
  const bound = vs.spec.gateways ?? ['mesh'];
  return bound.some(
    (name) => (name === 'mesh' || name.includes('/') ? name : qualifiedName({ ...vs.metadata, name })) === gateway,
  );
}

/** Order of virtual hosts in a route configuration. */
export function byName(a: EnvoyObject, b: EnvoyObject): number {
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
  const hosts = mesh.services
    .filter((service) => service.port === port)
    .map((service) => {
      const own = virtualServiceFor(mesh.virtualServices, service.host, proxy.namespace);
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
    ...ROUTE_DEFAULTS,
  };
}
