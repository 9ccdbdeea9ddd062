import fc from 'fast-check';
import { expect, it } from 'vitest';
import { hostileFacts, judgeAllocations } from './hostile-facts.ts';

it('finds the optimum whatever the orders of magnitude, from nothing and from another solution', () => {
  // `npm run bench -- allocate --fuzz 1000000` does the same for longer.
  fc.assert(
    fc.property(hostileFacts, (facts) => {
      expect(judgeAllocations(facts).faults).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

// The search on the dual went round in a circle of three prices here.
it('solves a node that is asked for hundreds of times its capacity beside one that has enough', () => {
  const { faults } = judgeAllocations({
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
          { node: 1, cost: 1, hidden: 1, limitCores: 1 },
          { node: 0, cost: 1, hidden: 0, limitCores: 565.5812216962659 },
        ],
      },
    ],
  });
  expect(faults).toEqual([]);
});
