import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CONDITIONS } from './conditions.ts';
import { PROBES, RateSearch } from './max-rate.ts';
import { planBlocks, RACED, RACES } from './plan.ts';
import { POLICIES } from './policies.ts';

test('in each round every balancer meets every condition once, and the order changes', () => {
  const blocks = planBlocks(4, CONDITIONS, true);
  const met = blocks.flatMap((block) =>
    block.order.map(
      (policy) =>
        `${block.round} ${block.kind === 'condition' ? block.condition.name : `race ${block.race}`} ${policy}`,
    ),
  );
  expect(new Set(met).size).toBe(met.length);
  expect(met).toHaveLength(4 * (CONDITIONS.length * POLICIES.length + RACES.length * RACED.length));
  expect(blocks.map(({ round }) => round)).toEqual(blocks.map(({ round }) => round).toSorted());
  expect(new Set(blocks.map(({ order }) => order.join())).size).toBeGreaterThan(4);
  expect(planBlocks(4, CONDITIONS, true)).toEqual(blocks);
});

test('the search ends within its last step below the highest rate that is carried', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.2, max: 1.2, noNaN: true }), (limit) => {
      const search = new RateSearch();
      for (let probe = 0; probe < PROBES; probe++) search.tell(search.next <= limit);
      expect(search.carried).toBeLessThanOrEqual(limit);
      expect(limit - search.carried).toBeLessThanOrEqual(1 / 2 ** PROBES + 1e-9);
    }),
  );
});
