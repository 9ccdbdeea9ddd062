/** Routing that policies ask for and that is not in force yet. */
import type { Registry } from 'prom-client';
import type { RoutingPlan } from '../routing/plan-routing.ts';
import { reading } from './readings.ts';

/** @param plan the current plan; undefined while another controller leads */
export function registerRoutingMetrics(registry: Registry, plan: () => RoutingPlan | undefined): void {
  reading(
    registry,
    'ballast_routing_pending_writes',
    'Writes of Istio objects and Service labels that are due: above 0 for more than a moment, they are refused',
    () => {
      const steps = [...(plan()?.services.values() ?? [])].map((service) => service.steps.length);
      return steps.reduce((sum, count) => sum + count, 0);
    },
  );
}
