/** From what is known of the cluster to what decisions may count on: replicas that requests can be led to. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import type { Routing } from '../../contract/assignment.ts';
import type { ServiceTopology, Topology } from '../model/topology.ts';

/** How requests to one service can be led to single replicas now. */
export type RoutingInForce =
  | { readonly routing: 'Endpoint' }
  | {
      readonly routing: 'Subset';
      /** Names of the replicas that have route, subset and readiness, long enough for proxies to know of it. */
      readonly replicas: ReadonlySet<string>;
    };

/** By `namespace/name` of the service; a service that is not here cannot be led at all yet. */
export type RoutesInForce = ReadonlyMap<string, RoutingInForce>;

/**
 * The topology as far as requests can be led: the routing of a service is the one in force, which differs from the
 * policy's while that is being changed; in Subset routing a replica without a route does not count as ready; a service
 * without any routing is decided on, but nothing is published for it.
 * @param routes undefined where nobody keeps routes, as without Kubernetes: then everything stays as it is
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
