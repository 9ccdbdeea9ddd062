import type { PolicyStatus } from '../../contract/policy-status.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';

/** A policy as it stands in the cluster. */
export interface KnownPolicy {
  readonly policy: LoadBalancingPolicy;
  /** `namespace/name` of the Service that its target leads to; undefined: to none. */
  readonly service: string | undefined;
  /** Undefined where nobody writes one. */
  readonly status: PolicyStatus | undefined;
}
