/** The next writes for all services, from desired and observed routing. Pure. */
import { qualifiedName } from '../../contract/names.ts';
import { namespaceOf } from '../kubernetes/manifest.ts';
import type { ObservedObjects } from '../kubernetes/observed-objects.ts';
import type { Topology } from '../model/topology.ts';
import { desiredRouting } from './desired-routing.ts';
import { type DwellStarts, DwellTimers } from './dwell-timers.ts';
import { ObservedIstioObjects } from './observed-routing.ts';
import { planService, type ServicePlan } from './plan-service.ts';
import type { RoutesInForce, RoutingInForce } from './routable.ts';
import { isLabelOurs } from './session-label.ts';

export interface RoutedServicePlan extends ServicePlan {
  /** VirtualServices of gateways that lead to the service without choosing a replica, as `namespace/name`. */
  readonly bareGateways: readonly string[];
}

export interface RoutingPlan {
  /** By `namespace/name` of the service. */
  readonly services: ReadonlyMap<string, RoutedServicePlan>;
  readonly inForce: RoutesInForce;
  /** For the next plan. */
  readonly starts: DwellStarts;
  /** When to plan again even if nothing changes, ms of the same clock as `now`; Infinity: not before something does. */
  readonly nextAt: number;
}

/** @param before `starts` of the previous plan; undefined for the first plan of a process */
export function planRouting(
  objects: ObservedObjects,
  topology: Topology,
  before: DwellStarts | undefined,
  now: number,
): RoutingPlan {
  const timers = new DwellTimers(before, now);
  const desired = desiredRouting(objects);
  const istio = new ObservedIstioObjects(objects, topology.clusterDomain);
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
  const concerned = [...desired.values(), ...istio.services, ...labelled];

  const plans = new Map<string, RoutedServicePlan>();
  const inForce = new Map<string, RoutingInForce>();
  for (const { namespace, name } of concerned) {
    const key = qualifiedName({ namespace, name });
    if (plans.has(key)) continue;
    const observed = istio.of({ namespace, name });
    const plan = planService(
      {
        name: { namespace, name, clusterDomain: topology.clusterDomain },
        desired: desired.get(key),
        observed,
        service: services.get(key),
        ready: ready.get(key) ?? new Set(),
        knowsIstio,
      },
      timers,
    );
    plans.set(key, { ...plan, bareGateways: observed.bareGateways });
    if (plan.inForce) inForce.set(key, plan.inForce);
  }
  return { services: plans, inForce, starts: timers.starts, nextAt: timers.nextAt };
}
