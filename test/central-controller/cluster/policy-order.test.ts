import fc from 'fast-check';
import { expect, it } from 'vitest';
import { oldestFirst } from '../../../central-controller/cluster/policy-order.ts';
import type { LoadBalancingPolicy } from '../../../contract/policy.ts';

function policy(name: string, second: number): LoadBalancingPolicy {
  return {
    apiVersion: 'ballast.dev/v1alpha1',
    kind: 'LoadBalancingPolicy',
    metadata: { name, namespace: 'shop', creationTimestamp: `2026-05-04T10:00:0${second}Z` },
    spec: { targetRef: { kind: 'Service', name: 'search' } },
  };
}

it('gives a service to the oldest policy, and among those of one second to the first by name', () => {
  const names = (policies: readonly LoadBalancingPolicy[]) => policies.map(({ metadata }) => metadata.name);
  expect(names(oldestFirst([policy('b', 7), policy('c', 3), policy('a', 7)]))).toEqual(['c', 'a', 'b']);
});

it('does not depend on the order in which policies were seen', () => {
  const some = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), second: fc.nat(3) }), {
    selector: ({ name }) => name,
  });
  fc.assert(
    fc.property(some, (entries) => {
      const policies = entries.map(({ name, second }) => policy(name, second));
      expect(oldestFirst(policies.toReversed())).toEqual(oldestFirst(policies));
    }),
  );
});
