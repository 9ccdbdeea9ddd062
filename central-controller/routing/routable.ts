/** The topology with only those replicas ready that requests can be led to. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { Routing } from '../../contract/assignment.ts';
import type { ServiceTopology, Topology } from '../model/topology.ts';

/** How requests to one service are led to single replicas now. */
export type RoutingInForce =
  | { readonly routing: 'Endpoint' }
  | {
      readonly routing: 'Subset';
      /** Replicas whose route, subset and readiness are old enough for proxies to have them. */
      readonly replicas: ReadonlySet<string>;
    };

/** By `namespace/name` of the service; of a service that is absent, no replica can be chosen yet. */
export type RoutesInForce = ReadonlyMap<string, RoutingInForce>;

/**
 * Each service gets the routing that is in force, which differs from the policy's during a change. In Subset routing a
 * replica without a route does not count as ready. A service without any routing is decided on, but not published.
 * @param routes undefined without Kubernetes, where nobody writes routes: the topology stays as it is
 */
export function withRoutable(topology: Topology, routes: RoutesInForce | undefined): Topology {
  if (!routes) return topology;
  return { ...topology, services: topology.services.map((service) => limited(service, routes)) };
}

function limited(service: ServiceTopology, routes: RoutesInForce): ServiceTopology {
  if (service.mode !== 'Enforce') return service;
  const inForce = routes.get(qualifiedName(service));
  if (!inForce) return { ...service, mode: 'Observe' };
  const routing: Routing = inForce.routing;
  if (inForce.routing === 'Endpoint') return service.routing === routing ? service : { ...service, routing };
  const replicas = service.replicas.map((replica) =>
    inForce.replicas.has(replica.name) ? replica : { ...replica, ready: false },
  );
  return { ...service, routing, replicas };
}
