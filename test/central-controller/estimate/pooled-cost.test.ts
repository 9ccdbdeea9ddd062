import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CostColumns } from '../../../central-controller/estimate/cost-columns.ts';
import { COST_WIDTH, cpuPerRequest, observeCost, ownCosts } from '../../../central-controller/estimate/cost-memory.ts';
import { poolCosts } from '../../../central-controller/estimate/pooled-cost.ts';

/** A minute of one window a second; CPU spread by a tenth around `cost` per request. */
function memoryOf(cost: number, requestsPerSecond: number, idleCores = 0): Float64Array {
  const memory = new Float64Array(COST_WIDTH);
  for (let second = 1; second <= 60; second++) {
    const spread = second % 2 ? 1.1 : 0.9;
    const cpuSeconds = cost * requestsPerSecond * spread + idleCores;
    observeCost(memory, 0, cpuSeconds, 1, requestsPerSecond, second * 1000);
  }
  return memory;
}

const NOW = 60_000;

function costsOf(
  memories: readonly Float64Array[],
  idle = { cores: 0, deviation: 0 },
  now = NOW,
  speeds: readonly number[] = [],
) {
  const values = new Float64Array(COST_WIDTH * memories.length);
  memories.forEach((memory, index) => values.set(memory, index * COST_WIDTH));
  const columns = new CostColumns();
  ownCosts(
    values,
    Int32Array.from(memories, (_, index) => index * COST_WIDTH),
    idle,
    now,
    columns,
  );
  columns.speed.set(speeds);
  poolCosts(columns);
  return memories.map((_, index) => ({
    seconds: columns.pooled[index] ?? NaN,
    deviation: columns.deviation[index] ?? NaN,
  }));
}

describe('pooled costs', () => {
  it('does not tell replicas apart that chance explains', () => {
    const costs = costsOf([memoryOf(0.00201, 20), memoryOf(0.00199, 20), memoryOf(0.002, 20)]);
    costs.forEach(({ seconds }) => expect(seconds).toBeCloseTo(0.002, 5));
    expect(new Set(costs.map(({ seconds }) => seconds.toFixed(9))).size).toBe(1);
  });

  it('tells replicas apart that run on other hardware', () => {
    const [fast, slow] = costsOf([memoryOf(0.001, 200), memoryOf(0.002, 200)]);
    expect(fast?.seconds).toBeCloseTo(0.001, 4);
    expect(slow?.seconds).toBeCloseTo(0.002, 4);
  });

  it('believes one that is much slower than many quick ones, however little it serves', () => {
    const quick = Array.from({ length: 14 }, () => memoryOf(0.01, 140));
    const slow = costsOf([...quick, memoryOf(0.16, 2)]).at(-1);
    expect(slow?.seconds).toBeGreaterThan(0.1);
  });

  it('gives one that has served nothing the cost of the others, and says how uncertain that is', () => {
    const [known, unknown] = costsOf([memoryOf(0.002, 100), new Float64Array(COST_WIDTH)]);
    expect(unknown?.seconds).toBeCloseTo(0.002, 4);
    expect(unknown?.deviation).toBeGreaterThanOrEqual(known?.deviation ?? Infinity);
  });

  it('knows nothing of a service that served nothing', () => {
    expect(costsOf([new Float64Array(COST_WIDTH)])).toEqual([{ seconds: 0, deviation: 0 }]);
    expect(costsOf([])).toEqual([]);
  });

  it('is the less certain the longer nothing was served', () => {
    const memories = [memoryOf(0.001, 200), memoryOf(0.002, 200)];
    const later = costsOf(memories, undefined, NOW + 120_000);
    costsOf(memories).forEach(({ deviation }, index) => expect(later[index]?.deviation).toBeGreaterThan(2 * deviation));
  });

  it('is as certain of one that nothing is known of as of its like, and no less certain of those', () => {
    const like = [memoryOf(0.002, 100), memoryOf(0.002, 100)];
    const [known] = costsOf(like);
    const deviations = costsOf([...like, new Float64Array(COST_WIDTH)]).map(({ deviation }) => deviation);
    deviations.forEach((deviation) => expect(deviation).toBeCloseTo(known?.deviation ?? 0, 9));
  });

  it('leaves out what the pod uses without requests', () => {
    const memories = [memoryOf(0.001, 100, 0.02), memoryOf(0.001, 1, 0.02)];
    for (const { seconds } of costsOf(memories, { cores: 0.02, deviation: 0.0001 })) {
      expect(seconds).toBeCloseTo(0.001, 4);
    }
  });

  it('does not take one that is seldom asked for dear while idle CPU may be the reason', () => {
    const memories = [memoryOf(0.001, 100, 0.02), memoryOf(0.001, 100, 0.02), memoryOf(0.001, 1, 0.02)];
    const [often, , seldom] = costsOf(memories, { cores: 0, deviation: 0.02 });
    expect(seldom?.seconds).toBeLessThan(1.1 * (often?.seconds ?? 0));
    expect(often?.deviation).toBeLessThan(0.0001);
  });

  it('never explains all of the CPU by idling', () => {
    const [only] = costsOf([memoryOf(0.001, 1)], { cores: 1, deviation: 0 });
    expect(only?.seconds).toBeGreaterThan(0);
  });

  it('stays between the least and the greatest of the single figures', () => {
    const figure = fc.record({
      cost: fc.double({ min: 1e-5, max: 1, noNaN: true }),
      rate: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(figure, { minLength: 1, maxLength: 6 }), (figures) => {
        const memories = figures.map(({ cost, rate }) => memoryOf(cost, rate));
        const own = memories.map((memory) => cpuPerRequest(memory, 0));
        for (const { seconds, deviation } of costsOf(memories)) {
          expect(seconds).toBeGreaterThanOrEqual(Math.min(...own) * (1 - 1e-9));
          expect(seconds).toBeLessThanOrEqual(Math.max(...own) * (1 + 1e-9));
          expect(Number.isFinite(deviation)).toBe(true);
        }
      }),
    );
  });
});

describe('nominal speeds of nodes', () => {
  const none = new Float64Array(COST_WIDTH);
  const still = { cores: 0, deviation: 0 };

  it('tell what a replica costs before it has served: half as much where cores are twice as fast', () => {
    const [, fast, slow] = costsOf([memoryOf(0.002, 200), none, none], still, NOW, [1, 2, 0.5]);
    expect(fast?.seconds).toBeCloseTo(0.001, 5);
    expect(slow?.seconds).toBeCloseTo(0.004, 4);
  });

  it('give way to what was measured', () => {
    const [same, other] = costsOf([memoryOf(0.002, 200), memoryOf(0.002, 200)], still, NOW, [0.5, 1.5]);
    expect(same?.seconds).toBeCloseTo(0.002, 4);
    expect(other?.seconds).toBeCloseTo(0.002, 4);
  });

  it('change nothing where they are equal', () => {
    const memories = [memoryOf(0.002, 20), memoryOf(0.0021, 3), none];
    expect(costsOf(memories, still, NOW, [1, 1, 1])).toEqual(costsOf(memories));
  });
});
