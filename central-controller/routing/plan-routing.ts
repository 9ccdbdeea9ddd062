/** From the routing that is wanted and the routing that stands, for all services, to the next writes. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import { isLabelOurs } from './session-label.ts';
import type { ObservedObjects } from '../kubernetes/observed-objects.ts';
import { namespaceOf } from '../kubernetes/manifest.ts';
import type { Topology } from '../model/topology.ts';
import { desiredRouting } from './desired-routing.ts';
import { planService, type ServicePlan } from './plan-service.ts';
import type { RoutesInForce, RoutingInForce } from './routable.ts';
import { StandingObjects } from './observed-routing.ts';
import { type SinceWhen, Waiting } from './dwell-timer.ts';

export interface RoutedServicePlan extends ServicePlan {
  /** VirtualServices of gateways that lead to the service without choosing a replica, as `namespace/name`. */
  readonly bareGateways: readonly string[];
}

export interface RoutingPlan {
  /** By `namespace/name` of the service. */
  readonly services: ReadonlyMap<string, RoutedServicePlan>;
  readonly inForce: RoutesInForce;
  /** To be handed to the next plan. */
  readonly since: SinceWhen;
  /** When to plan again even if nothing changes, ms of the same clock as `now`; Infinity: not before something does. */
  readonly nextAt: number;
}

/** @param before what the plan before this one knew (its `since`); undefined for the first of a process */
export function planRouting(
  objects: ObservedObjects,
  topology: Topology,
  before: SinceWhen | undefined,
  now: number,
): RoutingPlan {
  const waiting = new Waiting(before, now);
  const desired = desiredRouting(objects);
  const standing = new StandingObjects(objects, topology.clusterDomain);
  const knowsIstio = objects.virtualServices !== undefined && objects.destinationRules !== undefined;
  const services = new Map(objects.services.map((service) => [qualifiedName(service.metadata), service]));
  const ready = new Map(
    topology.services.map((service) => {
      const replicas = service.replicas.filter((replica) => replica.ready);
      return [qualifiedName(service), new Set(replicas.map(({ name }) => name))];
    }),
  );
  const labelled = objects.services
    .filter(isLabelOurs)
    .map((service) => ({ namespace: namespaceOf(service), name: service.metadata.name }));
  const concerned = [...desired.values(), ...standing.services, ...labelled];

  const plans = new Map<string, RoutedServicePlan>();
  const inForce = new Map<string, RoutingInForce>();
  for (const { namespace, name } of concerned) {
    const key = qualifiedName({ namespace, name });
    if (plans.has(key)) continue;
    const stands = standing.of({ namespace, name });
    const plan = planService(
      {
        name: { namespace, name, clusterDomain: topology.clusterDomain },
        desired: desired.get(key),
        standing: stands,
        service: services.get(key),
        ready: ready.get(key) ?? new Set(),
        knowsIstio,
      },
      waiting,
    );
    plans.set(key, { ...plan, bareGateways: stands.bareGateways });
    if (plan.inForce) inForce.set(key, plan.inForce);
  }
  return { services: plans, inForce, since: waiting.since, nextAt: waiting.nextAt };
}
