import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate, type Facts, type ServiceFacts } from './columns.ts';
import { type LinearProgram, solveLinear } from './linear-program.ts';

/** Above the tolerance of HiGHS. */
const SLACK = 1e-6;

type Terms = Record<string, number>;

/** Cores of each node per request/s; the variables are `x<service>_<replica>`. */
function loadTerms({ nodes, services }: Facts): Terms[] {
  const terms = nodes.map((): Terms => ({}));
  services.forEach((service, s) =>
    service.replicas.forEach(({ node, cost }, r) => {
      const own = terms[node];
      if (own) own[`x${s}_${r}`] = cost;
    }),
  );
  return terms;
}

function demandRows({ services }: Facts): LinearProgram['rows'][number][] {
  return services.map((service, s) => ({
    terms: Object.fromEntries(service.replicas.map((_, r) => [`x${s}_${r}`, 1])),
    relation: '=',
    value: service.requestsPerSecond,
  }));
}

/**
 * The lexicographic min-max of node utilisation by its definition: finds the smallest utilisation of the busiest node,
 * fixes the nodes that cannot have less, and goes on with the other nodes.
 */
function leastLevels(facts: Facts): number[] {
  const loads = loadTerms(facts);
  const levels = facts.nodes.map(() => NaN);
  while (levels.some((level) => Number.isNaN(level))) {
    const open = [...levels.keys()].filter((node) => Number.isNaN(levels[node]));
    const rows = (most: number | undefined): LinearProgram['rows'] => [
      ...demandRows(facts),
      ...facts.nodes.map(({ capacityCores, backgroundCores }, n) => {
        const held = levels[n] ?? NaN;
        const level = Number.isNaN(held) ? most : held;
        const terms = level === undefined ? { ...loads[n], t: -capacityCores } : { ...loads[n] };
        const value = -backgroundCores + (level === undefined ? 0 : capacityCores * (level + SLACK));
        return { terms, relation: '<=' as const, value };
      }),
    ];
    const most = solveLinear({ minimise: { t: 1 }, rows: rows(undefined) }).value;
    const least = open.map((node) => {
      const { capacityCores = 1, backgroundCores = 0 } = facts.nodes[node] ?? {};
      const { value } = solveLinear({ minimise: loads[node] ?? {}, rows: rows(most) });
      return (value + backgroundCores) / capacityCores;
    });
    const highest = Math.max(...least);
    open.forEach((node, index) => {
      if ((least[index] ?? 0) >= highest - 100 * SLACK) levels[node] = Math.max(most, least[index] ?? 0);
    });
  }
  return levels;
}

/** Each cost is a factor of the service times a factor of the node, times a random factor from 1 to 1 + `noise`. */
function fleets(noise: number): fc.Arbitrary<Facts> {
  const factor = fc.double({ min: 0.5, max: 2, noNaN: true });
  return fc.integer({ min: 1, max: 4 }).chain((nodes) =>
    fc
      .record({
        nodes: fc.array(
          fc.record({
            capacityCores: fc.integer({ min: 4, max: 32 }),
            backgroundCores: fc.integer({ min: 0, max: 2 }),
            factor,
          }),
          { minLength: nodes, maxLength: nodes },
        ),
        services: fc.array(
          fc.record({
            demand: fc.double({ min: 0.01, max: 0.4, noNaN: true }),
            cost: factor,
            replicas: fc.array(
              fc.record({ node: fc.nat(nodes - 1), more: fc.double({ min: 0, max: 1, noNaN: true }) }),
              {
                minLength: 1,
                maxLength: 4,
              },
            ),
          }),
          { minLength: 1, maxLength: 4 },
        ),
      })
      .map(({ nodes: hardware, services }) => ({
        floor: 0,
        nodes: hardware,
        services: services.map(({ demand, cost, replicas }): ServiceFacts => ({
          requestsPerSecond: (1000 * demand) / cost,
          shareWeight: 1,
          regularisation: 1e-5,
          level: true,
          replicas: replicas.map(({ node, more }) => ({
            node,
            cost: 0.001 * cost * (hardware[node]?.factor ?? 1) * (1 + noise * more),
            nonCpuSeconds: 0,
          })),
        })),
      })),
  );
}

function utilisations(facts: Facts, loads: readonly number[]): number[] {
  return facts.nodes.map(({ capacityCores }, n) => (loads[n] ?? 0) / capacityCores);
}

describe('level', () => {
  it('is the lexicographic min-max of node utilisation by the linear programs of HiGHS', () => {
    fc.assert(
      fc.property(fleets(0), (facts) => {
        const { loads, optimalityGap } = allocate(facts);
        const own = utilisations(facts, loads);
        expect(optimalityGap).toBeLessThan(1e-6);
        leastLevels(facts).forEach((level, node) => expect(own[node]).toBeCloseTo(level, 3));
      }),
      { numRuns: 100 },
    );
  });

  it('is within 10 % of the best busiest node when nodes suit services differently', () => {
    fc.assert(
      fc.property(fleets(0.1), (facts) => {
        const { loads } = allocate(facts);
        expect(Math.max(...utilisations(facts, loads))).toBeLessThan(1.1 * Math.max(...leastLevels(facts)) + 1e-3);
      }),
      { numRuns: 60 },
    );
  });

  it('splits services with the objective delay as if all had it, and levels the nodes on top', () => {
    fc.assert(
      fc.property(fleets(0), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (facts, wishes) => {
        const asking = (level: (s: number) => boolean): Facts => ({
          ...facts,
          services: facts.services.map((service, s) => ({ ...service, level: level(s) })),
        });
        const allDelay = allocate(asking(() => false));
        fc.pre(facts.services.some((_, s) => wishes[s] === true));
        const mixed = allocate(asking((s) => wishes[s] === true));
        expect(mixed.optimalityGap).toBeLessThan(1e-6);
        const nodes = facts.nodes.map((node) => ({ ...node }));
        facts.services.forEach((service, s) => {
          if (wishes[s] === true) return;
          expect(mixed.services[s]?.shares).toEqual(allDelay.services[s]?.shares);
          service.replicas.forEach(({ node, cost }, r) => {
            const own = nodes[node];
            const share = mixed.services[s]?.shares[r] ?? 0;
            if (own) own.backgroundCores += service.requestsPerSecond * cost * share;
          });
        });
        const services = facts.services.filter((_, s) => wishes[s] === true);
        const own = utilisations(facts, mixed.loads);
        leastLevels({ ...facts, nodes, services }).forEach((level, node) => expect(own[node]).toBeCloseTo(level, 3));
      }),
      { numRuns: 60 },
    );
  });
});
