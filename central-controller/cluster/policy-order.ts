/** Which policy has a service, where several name it. */
import { qualifiedName } from '../../contract/names.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';

/** The oldest first, those of one second by their names: the same on every instance of the controller, at all times. */
export function oldestFirst<Policy extends LoadBalancingPolicy>(policies: readonly Policy[]): Policy[] {
  const key = ({ metadata }: Policy): string => `${metadata.creationTimestamp ?? ''} ${qualifiedName(metadata)}`;
  return policies
    .map((policy) => ({ policy, key: key(policy) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ policy }) => policy);
}
