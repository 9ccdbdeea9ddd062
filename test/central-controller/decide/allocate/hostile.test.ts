import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Facts, NodeFacts, ReplicaFacts, ServiceFacts } from './columns.ts';
import { hostileFacts, judgeAllocations } from './hostile-facts.ts';

it('finds the optimum for numbers of any size, from nothing and from another solution', () => {
  // `npm run bench -- allocate --fuzz 1000000` does the same for longer.
  fc.assert(
    fc.property(hostileFacts, (facts) => {
      expect(judgeAllocations(facts).faults).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

const node = (capacityCores: number, backgroundCores = 0): NodeFacts => ({ capacityCores, backgroundCores });
const replica = (on: number, cost: number, more: Partial<ReplicaFacts> = {}): ReplicaFacts => ({
  node: on,
  cost,
  nonCpuSeconds: 0,
  ...more,
});
const service = (requestsPerSecond: number, regularisation: number, replicas: ReplicaFacts[]): ServiceFacts => ({
  requestsPerSecond,
  shareWeight: 1,
  level: false,
  regularisation,
  replicas,
});

// Each was found by `--fuzz`, and each was solved only after a change of the method that its comment names.
it.each<[string, Omit<Facts, 'floor'>]>([
  [
    // The search on the dual returned to the same three prices again and again.
    'a node that is asked for hundreds of times its capacity beside one that has enough',
    {
      nodes: [node(581.8489584369684), node(1, 0.5)],
      services: [
        service(522.1727124494939, 2, [
          replica(1, 1, { nonCpuSeconds: 1, limitCores: 1 }),
          replica(0, 1, { limitCores: 565.5812216962659 }),
        ]),
      ],
    },
  ],
  [
    // Exchanges between the replicas with the highest and the lowest marginal cost never chose the two on one node.
    'two replicas on one node, one of which has a limit that hardly matters',
    {
      nodes: [node(1), node(0.01), node(0.01), node(1e6)],
      services: [
        service(1.5, 1, [
          replica(2, 1e6, { nonCpuSeconds: 1e-6, limitCores: 1 }),
          replica(0, 1e6),
          replica(3, 1e8, { nonCpuSeconds: 1e-6, limitCores: 1e6 }),
          replica(2, 1e6, { nonCpuSeconds: 1e-6 }),
        ]),
      ],
    },
  ],
  [
    // Without the pattern move, a round of exchanges moved 2e-5 of the requests that had to move.
    'a small and a large service that share a small overloaded node',
    {
      nodes: [node(1e6), node(0.01), node(1e6), node(0.01)],
      services: [
        {
          ...service(0, 5e-4, [replica(2, 1e-9), replica(1, 1e-9), replica(0, 1e-9, { nonCpuSeconds: 1 })]),
          shareWeight: 1e-3,
        },
        service(1, 5e-4, [
          replica(3, 1e6, { nonCpuSeconds: 1 }),
          replica(2, 1e6, { limitCores: 1e6 }),
          replica(1, 1e6, { nonCpuSeconds: 1 }),
          replica(2, 1e8, { fixed: 0.1 }),
          replica(3, 1e6, { nonCpuSeconds: 1e-6, fixed: 0.1 }),
        ]),
      ],
    },
  ],
])('solves %s', (_, facts) => {
  expect(judgeAllocations({ ...facts, floor: 0 }).faults).toEqual([]);
});
