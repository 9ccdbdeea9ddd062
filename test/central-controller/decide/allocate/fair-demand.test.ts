import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairnessCheck } from '../../../../central-controller/decide/allocate/fairness-check.ts';
import { Flow } from '../../../../central-controller/decide/allocate/max-flow.ts';
import { createFair, fairDemand, type FairFacts, fairProblemOf } from './columns.ts';
import { solveLinear } from './linear-program.ts';

describe('fairDemand, small examples', () => {
  const oneNode = (demand: number[], weight: number[], guarantee = demand.map(() => 0)): FairFacts => ({
    demand,
    guarantee,
    weight,
    capacity: [6],
    replicas: demand.map((_, service) => ({ service, node: 0, limit: Infinity })),
  });

  it('serves all demand that fits', () => {
    expect(fairDemand(oneNode([1, 2, 3], [1, 1, 1])).served).toEqual([1, 2, 3]);
  });

  it('shares what a small service leaves among the large ones', () => {
    expect(fairDemand(oneNode([1, 10, 10], [1, 1, 1])).served).toEqual([1, 2.5, 2.5]);
  });

  it('shares by weight', () => {
    expect(fairDemand(oneNode([10, 10], [1, 2])).served).toEqual([2, 4]);
  });

  it('serves a guarantee even to a service with a small weight', () => {
    const { served } = fairDemand(oneNode([10, 10], [1, 9], [3, 3]));
    expect(served).toEqual([3, 3]);
  });

  it('raises the services that are not on the crowded node', () => {
    const { served } = fairDemand({
      demand: [10, 10, 10],
      guarantee: [0, 0, 0],
      weight: [1, 1, 1],
      capacity: [2, 9],
      replicas: [
        { service: 0, node: 0, limit: Infinity },
        { service: 1, node: 0, limit: Infinity },
        { service: 1, node: 1, limit: 3 },
        { service: 2, node: 1, limit: Infinity },
      ],
    });
    // Services 0 and 1 share 2 + 3 cores, and service 2 gets the rest of node 1.
    [2, 3, 6].forEach((cores, service) => expect(served[service]).toBeCloseTo(cores, 9));
  });

  it('serves nothing to a small service without capacity beside a large one', () => {
    const { served, violation } = fairDemand({
      demand: [1e-4, 1e9],
      guarantee: [0, 0],
      weight: [0.001, 1],
      capacity: [0, 1e6],
      replicas: [{ service: 0, node: 0, limit: 0 }, ...[1, 2, 3, 4].map(() => ({ service: 1, node: 1, limit: 1e6 }))],
    });
    expect(served[0]).toBeLessThan(1e-9);
    expect((served[1] ?? 0) / 1e6).toBeCloseTo(1, 9);
    expect(violation).toBeLessThan(1e-9);
  });

  it('raises a large service when small ones already have all that they can get', () => {
    const { served, violation } = fairDemand({
      demand: [1e-4, 1e9, 1e-4, 1],
      guarantee: [0, 999500.25, 0.25, 0.251],
      weight: [0.001, 1, 0.001, 0.001],
      capacity: [0.5, 1e6, 0],
      replicas: [
        { service: 0, node: 2, limit: 0 },
        { service: 1, node: 1, limit: 1e6 },
        { service: 1, node: 1, limit: 1e6 },
        { service: 2, node: 0, limit: 0.5 },
        { service: 3, node: 1, limit: 0.001 },
        { service: 3, node: 0, limit: 0.5 },
      ],
    });
    // Service 3 gets the rest of node 0 and its limit on node 1. Service 1 gets the rest of node 1.
    [0, 999999.999, 1e-4, 0.5009].forEach((cores, service) => expect(served[service]).toBeCloseTo(cores, 3));
    expect(violation).toBeLessThan(1e-9);
  });

  it('serves nothing without demand or without capacity', () => {
    const idle = fairDemand({ demand: [0, 5], guarantee: [0, 0], weight: [1, 1], capacity: [0], replicas: [] });
    expect(idle.served).toEqual([0, 0]);
    expect(fairDemand({ demand: [], guarantee: [], weight: [], capacity: [], replicas: [] }).served).toEqual([]);
  });
});

/**
 * The definition of weighted max-min fairness as one linear program per service: the most that the service could get
 * when only services at a higher level give way, down to their guarantees.
 */
function mostWithoutHarmToThePoorer(problem: FairFacts, served: readonly number[], service: number): number {
  const { demand, guarantee, weight, capacity, replicas } = problem;
  const levelOf = (s: number): number => (served[s] ?? 0) / (weight[s] ?? 1);
  const sumOver = (chosen: (replica: FairFacts['replicas'][number]) => boolean): Record<string, number> =>
    Object.fromEntries(replicas.flatMap((replica, r) => (chosen(replica) ? [[`x${r}`, 1]] : [])));
  const kept = demand.map((_, other) => {
    const least = Math.min(guarantee[other] ?? 0, demand[other] ?? 0);
    const mayGiveWay = levelOf(other) > levelOf(service) + SLACK;
    const value = mayGiveWay ? Math.min(least, served[other] ?? 0) : (served[other] ?? 0);
    return { terms: sumOver((replica) => replica.service === other), relation: '>=' as const, value: value - SLACK };
  });
  const carried = capacity.map((cores, node) => ({
    terms: sumOver((replica) => replica.node === node),
    relation: '<=' as const,
    value: cores,
  }));
  const bounds = Object.fromEntries(replicas.map(({ limit }, r) => [`x${r}`, [0, limit] as const]));
  const minimise = Object.fromEntries(
    replicas.flatMap((replica, r) => (replica.service === service ? [[`x${r}`, -1]] : [])),
  );
  const rows = [...kept, ...carried].filter(({ terms }) => Object.keys(terms).length > 0);
  return -solveLinear({ minimise, rows, bounds }).value;
}

/** Above the tolerance of HiGHS and below any difference that matters. */
const SLACK = 1e-5;

const problems: fc.Arbitrary<FairFacts> = fc
  .record({ services: fc.integer({ min: 1, max: 4 }), nodes: fc.integer({ min: 1, max: 3 }) })
  .chain(({ services, nodes }) =>
    fc
      .record({
        demand: fc.array(fc.integer({ min: 0, max: 80 }), { minLength: services, maxLength: services }),
        weight: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: services, maxLength: services }),
        capacity: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: nodes, maxLength: nodes }),
        placement: fc.array(
          fc.array(
            fc.record({ node: fc.nat(nodes - 1), limit: fc.oneof(fc.constant(100), fc.integer({ min: 1, max: 20 })) }),
            { minLength: 1, maxLength: 3 },
          ),
          { minLength: services, maxLength: services },
        ),
      })
      .map(({ demand, weight, capacity, placement }) => {
        const replicas = placement.flatMap((own, service) => own.map((replica) => ({ service, ...replica })));
        const onNode = capacity.map((_, node) => replicas.filter((replica) => replica.node === node).length);
        const guarantee = demand.map((_, service) =>
          replicas
            .filter((replica) => replica.service === service)
            .reduce((sum, { node, limit }) => sum + Math.min(limit, (capacity[node] ?? 0) / (onNode[node] ?? 1)), 0),
        );
        return { demand, guarantee, weight, capacity, replicas };
      }),
  );

describe('fairDemand, random problems', () => {
  it('is feasible and max-min fair by the linear programs of HiGHS', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { served, violation } = fairDemand(problem);
        expect(violation).toBeLessThan(1e-9);
        served.forEach((cores, service) => {
          const most = mostWithoutHarmToThePoorer(problem, served, service);
          expect(most).toBeGreaterThanOrEqual(cores - 2 * SLACK);
          if (cores < (problem.demand[service] ?? 0)) expect(most).toBeLessThan(cores + 1e-3);
        });
      }),
      { numRuns: 100 },
    );
  });

  it('serves each service its guarantee or its demand, and never more than it demands', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        fairDemand(problem).served.forEach((cores, service) => {
          const demand = problem.demand[service] ?? 0;
          expect(cores).toBeLessThanOrEqual(demand);
          expect(cores).toBeGreaterThanOrEqual(Math.min(problem.guarantee[service] ?? 0, demand) * (1 - 1e-9));
        });
      }),
      { numRuns: 500 },
    );
  });
  it('does not depend on the flow of the last problem', () => {
    fc.assert(
      fc.property(problems, fc.array(fc.double({ min: 0.1, max: 3, noNaN: true }), { minLength: 4 }), (problem, by) => {
        const fair = createFair(problem);
        const before = { ...problem, demand: problem.demand.map((demand, service) => demand * (by[service] ?? 1)) };
        fairDemand(before, fair);
        const again = fairDemand(problem, fair);
        expect(again.violation).toBeLessThan(1e-9);
        fairDemand(problem).served.forEach((cores, service) => expect(again.served[service]).toBeCloseTo(cores, 6));
      }),
      { numRuns: 300 },
    );
  });

  it('reports a violation when a service has half of its fair share', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { served } = fairDemand(problem);
        const poorest = served.findIndex((cores, service) => cores > 1 && cores < (problem.demand[service] ?? 0));
        fc.pre(poorest >= 0);
        served[poorest] = (served[poorest] ?? 0) / 2;
        const columns = fairProblemOf(problem);
        const flow = new Flow(columns.capacity.length, served.length, columns.node.length);
        flow.place(columns);
        flow.maximise(columns, Float64Array.from(served), 1e-9);
        const check = new FairnessCheck(columns.capacity.length, served.length);
        expect(check.violation(columns, Float64Array.from(served), flow, 1e-9)).toBeGreaterThan(0.1);
      }),
    );
  });
});
