/** The balancers that are compared: Envoy's own, and Ballast. */
import { type EnvoyObject, typeUrl } from '../../../tools/local-mesh/envoy/proxy.ts';

export const POLICIES = ['round_robin', 'least_request', 'orca_weighted', 'ballast'] as const;
export type Policy = (typeof POLICIES)[number];

export const LABELS: Readonly<Record<Policy, string>> = {
  round_robin: 'ROUND_ROBIN',
  least_request: 'LEAST_REQUEST',
  orca_weighted: 'client-side weighted round robin (ORCA)',
  ballast: 'Ballast',
};

const WEIGHTED = 'envoy.load_balancing_policies.client_side_weighted_round_robin';

/**
 * How the rivals' clusters differ from Istio's. By Envoy's defaults a replica's reports count only after 10 s;
 * here they count at once, and weights follow them as often as Ballast's.
 */
export const RIVALS: Readonly<Record<Exclude<Policy, 'ballast'>, EnvoyObject>> = {
  round_robin: { lb_policy: 'ROUND_ROBIN' },
  least_request: { lb_policy: 'LEAST_REQUEST' },
  orca_weighted: {
    load_balancing_policy: {
      policies: [
        {
          typed_extension_config: {
            name: WEIGHTED,
            typed_config: {
              ...typeUrl(
                'envoy.extensions.load_balancing_policies.client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin',
              ),
              blackout_period: '0.5s',
              weight_update_period: '0.25s',
            },
          },
        },
      ],
    },
  },
};

/** Key in Envoy's runtime: percentage of requests that go to the rival's clusters. */
export function runtimeKey(policy: string): string {
  return `ballast_bench.${policy}`;
}
