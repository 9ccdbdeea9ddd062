import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Allocator } from '../../../../central-controller/decide/allocate/allocate.ts';
import { fleet, nextTick, seeded } from '../../../bench/allocate/instances.ts';
import { allocate, type Answer, type Facts, type NodeFacts, type ReplicaFacts } from './columns.ts';
import { maxShareDistances, residualOf, splitProblemOf } from './share-bound.ts';

const node = (capacityCores: number, backgroundCores = 0): NodeFacts => ({ capacityCores, backgroundCores });
const replica = (on: number, more: Partial<ReplicaFacts> = {}): ReplicaFacts => ({
  node: on,
  cost: 0.001,
  nonCpuSeconds: 0,
  ...more,
});
const service = (requestsPerSecond: number, replicas: ReplicaFacts[], regularisation = 1e-6) => ({
  requestsPerSecond,
  shareWeight: 1,
  regularisation,
  replicas,
});
const problem = (nodes: NodeFacts[], services: Facts['services']): Facts => ({
  nodes,
  services,
  floor: 0.002,
});

describe('allocate, small examples', () => {
  it('splits equally over replicas on equal nodes', () => {
    const { services, optimalityGap } = allocate(
      problem([node(1), node(1)], [service(800, [replica(0), replica(1)], 0.05)]),
    );
    services[0]?.shares.forEach((share) => expect(share).toBeCloseTo(0.5, 9));
    expect(optimalityGap).toBeLessThan(1e-9);
  });

  it('levels two nodes of one size when one has a neighbour', () => {
    const { loads, services } = allocate(problem([node(1), node(1, 0.4)], [service(1000, [replica(0), replica(1)])]));
    loads.forEach((load) => expect(load).toBeCloseTo(0.7, 3));
    expect(services[0]?.shares[0]).toBeCloseTo(0.7, 3);
  });

  it('moves a service away from the node that another service cannot leave', () => {
    const { loads, services } = allocate(
      problem([node(1), node(1)], [service(500, [replica(0)]), service(700, [replica(0), replica(1)])]),
    );
    loads.forEach((load) => expect(load).toBeCloseTo(0.6, 3));
    expect(services[1]?.shares[0]).toBeCloseTo(1 / 7, 3);
  });

  it('gives a replica on a full node its floor', () => {
    const { services } = allocate(problem([node(1), node(1, 0.95)], [service(500, [replica(0), replica(1)])]));
    expect(services[0]?.shares[1]).toBeCloseTo(0.001, 9);
  });

  it('gives a replica with a high non-CPU latency its floor', () => {
    const { services } = allocate(
      problem([node(1), node(1)], [service(500, [replica(0), replica(1, { nonCpuSeconds: 0.05 })])]),
    );
    expect(services[0]?.shares[1]).toBeCloseTo(0.001, 9);
  });

  it('keeps a replica below its CPU limit while others have room', () => {
    const { services } = allocate(
      problem([node(1), node(1)], [service(1000, [replica(0), replica(1, { limitCores: 0.2 })], 0.05)]),
    );
    expect(services[0]?.shares[1]).toBeLessThan(0.2);
    expect(services[0]?.shares[1]).toBeGreaterThan(0.05);
  });

  it('leaves a fixed share as it is and optimises the rest', () => {
    const { services, loads } = allocate(
      problem([node(1), node(1), node(1)], [service(900, [replica(0, { fixed: 0.6 }), replica(1), replica(2)])]),
    );
    expect(services[0]?.shares).toEqual([expect.closeTo(0.6, 12), expect.closeTo(0.2, 6), expect.closeTo(0.2, 6)]);
    expect(loads[0]).toBeCloseTo(0.54, 9);
  });

  it('serves each service its guarantee when the capacity is too small', () => {
    const { services } = allocate(problem([node(1)], [service(1500, [replica(0)]), service(100, [replica(0)])]));
    expect(services.map(({ servedCores }) => servedCores)).toEqual([expect.closeTo(0.9, 9), expect.closeTo(0.1, 9)]);
    expect(services.map(({ fairShareCores }) => fairShareCores)).toEqual([0.5, 0.5]);
  });

  it('minimises the utilisation of the busiest node when the objective is level', () => {
    // Costs are equal, so the smallest sum of squares is the lexicographic min-max. The second service leaves node 0 to
    // the first one, which makes 0.9 there, and 0.55 on each of the other two.
    const services = [service(900, [replica(0)], 1e-5), service(1100, [replica(0), replica(1), replica(2)], 1e-5)].map(
      (each) => ({ ...each, level: true }),
    );
    const { loads, optimalityGap } = allocate({ nodes: [node(1), node(1), node(1)], services, floor: 0 });
    [0.9, 0.55, 0.55].forEach((load, index) => expect(loads[index]).toBeCloseTo(load, 3));
    expect(optimalityGap).toBeLessThan(1e-6);
  });
});

describe('allocate, edge cases', () => {
  it.each([
    ['an empty cluster', problem([], [])],
    ['nodes without services', problem([node(1)], [])],
    ['one replica', problem([node(1)], [service(10, [replica(0)])])],
    ['a service without demand', problem([node(1), node(2)], [service(0, [replica(0), replica(1)])])],
    ['a demand of 100 times the capacity', problem([node(1), node(2, 1)], [service(3e5, [replica(0), replica(1)])])],
    ['full nodes', problem([node(1, 1), node(1, 1)], [service(100, [replica(0), replica(1)])])],
    ['all replicas on one node', problem([node(1)], [service(100, [replica(0), replica(0), replica(0)])])],
    [
      'a service with fixed shares only',
      problem([node(1)], [service(100, [replica(0, { fixed: 0.25 }), replica(0, { fixed: 0.75 })])]),
    ],
    ['a tiny node', problem([node(0.01), node(64)], [service(1e4, [replica(0), replica(1)])])],
  ])('%s', (_, input) => {
    const { services, optimalityGap } = allocate(input);
    expect(optimalityGap).toBeLessThan(1e-6);
    for (const { shares } of services) {
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
      shares.forEach((share) => expect(share).toBeGreaterThanOrEqual(0));
    }
  });
});

const inputs: fc.Arbitrary<Facts> = fc.integer({ min: 1, max: 6 }).chain((nodes) =>
  fc.record({
    floor: fc.constant(0.002),
    nodes: fc.array(
      fc
        .record({
          capacityCores: fc.double({ min: 0.3, max: 16, noNaN: true }),
          part: fc.double({ min: 0, max: 0.9, noNaN: true }),
        })
        .map(({ capacityCores, part }) => ({ capacityCores, backgroundCores: part * capacityCores })),
      { minLength: nodes, maxLength: nodes },
    ),
    services: fc.array(
      fc.record({
        requestsPerSecond: fc.double({ min: 0, max: 3000, noNaN: true }),
        shareWeight: fc.double({ min: 0.1, max: 10, noNaN: true }),
        level: fc.boolean(),
        regularisation: fc.double({ min: 0.05, max: 1, noNaN: true }),
        replicas: fc.array(
          fc.record({
            node: fc.nat(nodes - 1),
            cost: fc.double({ min: 0.0005, max: 0.005, noNaN: true }),
            nonCpuSeconds: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 0.1, noNaN: true })),
            limitCores: fc.option(fc.double({ min: 0.05, max: 4, noNaN: true }), { nil: undefined }),
          }),
          { minLength: 1, maxLength: 5 },
        ),
      }),
      { minLength: 1, maxLength: 6 },
    ),
  }),
);

/** Factors of a change of demand. */
const factors = fc.double({ min: 0.5, max: 2, noNaN: true });

/** How much shares may differ beyond what their optimality gaps allow. */
const ROUNDING = 1e-9;

function scaled(facts: Facts, factor: number): Facts {
  const services = facts.services.map((service) => ({
    ...service,
    requestsPerSecond: service.requestsPerSecond * factor,
  }));
  return { ...facts, services };
}

function allocateAfter(before: readonly Facts[], facts: Facts): Answer {
  const allocator = new Allocator();
  for (const each of before) allocate(each, allocator);
  return allocate(facts, allocator);
}

describe('allocate, random problems', () => {
  it('satisfies the optimality conditions', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const { services, optimalityGap, loads } = allocate(input);
        expect(optimalityGap).toBeLessThan(1e-6);
        loads.forEach((load) => expect(Number.isFinite(load)).toBe(true));
        services.forEach(({ shares }) => {
          const least = (0.002 / shares.length) * (1 - 1e-9);
          shares.forEach((share) => expect(share).toBeGreaterThanOrEqual(least));
        });
      }),
      { numRuns: 500 },
    );
  });

  it('serves the same and is as close to optimal when it starts from the solution of another problem', () => {
    fc.assert(
      fc.property(inputs, inputs, factors, (input, other, factor) => {
        const warm = allocateAfter([other, scaled(input, factor)], input);
        const cold = allocate(input);
        expect(warm.optimalityGap).toBeLessThan(1e-6);
        cold.services.forEach(({ servedCores }, s) => {
          expect(warm.services[s]?.servedCores).toBeCloseTo(servedCores, 6);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('finds the same shares from any start, within the distance that their optimality gaps allow', () => {
    fc.assert(
      fc.property(inputs, inputs, factors, fc.boolean(), (mixed, other, factor, level) => {
        // With one objective for all services there is one split, and this test can write down its problem.
        const input = { ...mixed, services: mixed.services.map((service) => ({ ...service, level })) };
        const warm = allocateAfter([other, scaled(input, factor)], input);
        const cold = allocate(input);
        const problem = splitProblemOf(input, cold);
        for (const answer of [warm, cold]) expect(residualOf(problem, answer)).toBeLessThan(1e-6);
        const distances = maxShareDistances(problem, warm, cold);
        cold.services.forEach(({ shares }, s) => {
          const most = (distances[s] ?? 0) + ROUNDING;
          shares.forEach((share, r) => {
            expect(Math.abs((warm.services[s]?.shares[r] ?? NaN) - share)).toBeLessThanOrEqual(most);
          });
        });
      }),
      { numRuns: 300 },
    );
  });

  // On almost saturated nodes, prices change abruptly from tick to tick, and the last solution may be far away.
  it.each([1, 1.2, 1.3])('allocates tick by tick as from nothing, at %s times the usual load', (overload) => {
    const size = { nodes: 20, services: 10, replicas: 40 };
    const [base, now] = [fleet(size, 6, overload), fleet(size, 6, overload)];
    const uniform = seeded(5);
    const allocator = new Allocator();
    for (let tick = 0; tick < 30; tick++) {
      nextTick(base, now, uniform);
      const warm = allocator.allocate(now);
      const cold = new Allocator().allocate(now);
      expect(warm.optimalityGap).toBeLessThan(1e-6);
      cold.shares.forEach((share, j) => expect(warm.shares[j]).toBeCloseTo(share, 5));
    }
  });
});
