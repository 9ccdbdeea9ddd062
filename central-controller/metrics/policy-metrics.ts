/** Conditions of the policies, from their status. */
import type { Registry } from 'prom-client';
import { policyView } from '../policy/policy-view.ts';
import type { ControllerState } from '../state.ts';
import { readings } from './readings.ts';

export function registerPolicyMetrics(registry: Registry, state: ControllerState): void {
  readings(
    registry,
    {
      name: 'ballast_policy_condition',
      help: '1: the condition of the policy is True, 0: it is not, for the reason that is named (docs/reference/policy.md)',
      labelNames: ['namespace', 'policy', 'type', 'reason'],
    },
    () => {
      if (!state.isLeading) return [];
      const { topology, decision, policies } = state;
      const views = policies.map((known) => policyView(known, topology, decision, state.clock.now()));
      return views.flatMap(({ namespace, name, status }) =>
        (status.conditions ?? []).map(
          ({ type, status: holds, reason }) =>
            [{ namespace, policy: name, type, reason }, holds === 'True' ? 1 : 0] as const,
        ),
      );
    },
  );
}
