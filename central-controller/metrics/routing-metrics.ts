/** What stands between the routing that policies ask for and the one that is in force. */
import type { Registry } from 'prom-client';
import type { RoutingPlan } from '../cluster/routing/plan-routing.ts';
import { reading, readings } from './readings.ts';

/** @param plan the plan as things stand; undefined where nothing is written, or another controller leads */
export function registerRoutingMetrics(registry: Registry, plan: () => RoutingPlan | undefined): void {
  reading(
    registry,
    'ballast_routing_pending_writes',
    'Writes of Istio objects and Service labels that are due: above 0 for more than a moment, they are refused',
    () => [...(plan()?.services.values() ?? [])].reduce((sum, { steps }) => sum + steps.length, 0),
  );
  readings(
    registry,
    {
      name: 'ballast_routing_problems',
      help: "1 for each service whose routing cannot be written, with the reason of the policy's condition Routed",
      labelNames: ['namespace', 'service', 'reason'],
    },
    () =>
      [...(plan()?.services ?? [])].flatMap(([key, { problem }]) => {
        const [namespace = '', service = ''] = key.split('/');
        return problem ? [[{ namespace, service, reason: problem.reason }, 1] as const] : [];
      }),
  );
}
