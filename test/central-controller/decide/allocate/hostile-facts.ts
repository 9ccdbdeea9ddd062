/** Inputs at the edges of what `bounded.ts` lets pass and beyond, and what must hold for the allocation of each. */
import fc from 'fast-check';
import { Allocator } from '../../../../central-controller/decide/allocate/allocate.ts';
import { allocate, type Facts } from './columns.ts';

/** Twice what `split-solver.ts` accepts as a solution. */
const MAX_GAP = 1e-6;

/**
 * Half of the values are the bounds or 1, which makes ties; for the others each order of magnitude is equally likely.
 */
function magnitudes(min: number, max: number): fc.Arbitrary<number> {
  const between = fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map(Math.exp);
  return fc.oneof(between, fc.constantFrom(min, Math.min(max, Math.max(min, 1)), max));
}

function nodesOf(count: number): fc.Arbitrary<Facts['nodes']> {
  const node = fc
    .record({ capacityCores: magnitudes(0.01, 1e6), used: fc.constantFrom(0, 0.5, 0.95, 1) })
    .map(({ capacityCores, used }) => ({ capacityCores, backgroundCores: used * capacityCores }));
  return fc.array(node, { minLength: count, maxLength: count });
}

function serviceOn(nodes: number): fc.Arbitrary<Facts['services'][number]> {
  const replica = fc.record({
    node: fc.nat(nodes - 1),
    costFactor: magnitudes(1, 100),
    nonCpuSeconds: fc.oneof(fc.constant(0), magnitudes(1e-6, 1e6)),
    limitCores: fc.option(magnitudes(1e-3, 1e6), { nil: undefined }),
    fixed: fc.option(fc.constant(0.1), { nil: undefined, freq: 5 }),
  });
  return fc
    .record({
      requestsPerSecond: fc.oneof(fc.constant(0), magnitudes(1e-3, 1e9)),
      shareWeight: magnitudes(1e-3, 1e3),
      level: fc.boolean(),
      regularisation: magnitudes(5e-4, 2),
      cost: magnitudes(1e-9, 1e6),
      replicas: fc.array(replica, { minLength: 1, maxLength: 6 }),
    })
    .map(({ cost, replicas, ...service }) => ({
      ...service,
      replicas: replicas.map(({ costFactor, fixed, ...rest }, index) => ({
        ...rest,
        cost: cost * costFactor,
        // If all shares of a service were fixed, they would have to sum to 1, so one is not.
        fixed: index === 0 ? undefined : fixed,
      })),
    }));
}

export const hostileFacts: fc.Arbitrary<Facts> = fc.integer({ min: 1, max: 5 }).chain((nodes) =>
  fc.record({
    floor: fc.constantFrom(0, 0.002),
    nodes: nodesOf(nodes),
    services: fc.array(serviceOn(nodes), { minLength: 1, maxLength: 5 }),
  }),
);

export interface Verdict {
  /** Largest optimality gap of the allocations. */
  readonly gap: number;
  /** One sentence per fault. */
  readonly faults: readonly string[];
}

/** Allocates from nothing, then with other demands, then the first facts again, each time from the last solution. */
export function judgeAllocations(facts: Facts): Verdict {
  const services = facts.services.map((service, index) => ({
    ...service,
    requestsPerSecond: service.requestsPerSecond * (index % 2 === 0 ? 0.1 : 1.5),
  }));
  const allocator = new Allocator();
  const faults: string[] = [];
  let gap = 0;
  for (const [name, input] of [
    ['from nothing', facts],
    ['after a change', { ...facts, services }],
    ['after the change back', facts],
  ] as const) {
    const { optimalityGap, loads, services: answers } = allocate(input, allocator);
    gap = Math.max(gap, optimalityGap);
    if (!(optimalityGap <= MAX_GAP)) faults.push(`${name}: the optimality gap is ${optimalityGap}`);
    if (!loads.every(Number.isFinite)) faults.push(`${name}: loads are ${loads.join(', ')}`);
    for (const { shares } of answers) {
      const sum = shares.reduce((total, share) => total + share, 0);
      const isSplit = shares.every((share) => share >= 0) && Math.abs(sum - 1) < 1e-9;
      if (!isSplit) faults.push(`${name}: shares are ${shares.join(', ')}`);
    }
  }
  return { gap, faults };
}
