import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addPair,
  type DecayedRatio,
  decayedRatio,
  meanOf,
} from '../../../central-controller/estimate/decayed-ratio.ts';
import { pooledCosts } from '../../../central-controller/estimate/pooled-cost.ts';

/** A minute of one pair a second; amounts spread by a tenth around `cost` per request. */
function ratioOf(cost: number, requestsPerSecond: number): DecayedRatio {
  const ratio = decayedRatio(30_000);
  for (let second = 1; second <= 60; second++) {
    const spread = second % 2 ? 1.1 : 0.9;
    addPair(ratio, cost * requestsPerSecond * spread, requestsPerSecond, second * 1000);
  }
  return ratio;
}

const NOW = 60_000;

describe('pooledCosts', () => {
  it('does not tell replicas apart that chance explains', () => {
    const costs = pooledCosts([ratioOf(0.00201, 20), ratioOf(0.00199, 20), ratioOf(0.002, 20)], NOW);
    costs.forEach(({ seconds }) => expect(seconds).toBeCloseTo(0.002, 5));
    expect(new Set(costs.map(({ seconds }) => seconds.toFixed(9))).size).toBe(1);
  });

  it('tells replicas apart that run on other hardware', () => {
    const [fast, slow] = pooledCosts([ratioOf(0.001, 200), ratioOf(0.002, 200)], NOW);
    expect(fast?.seconds).toBeCloseTo(0.001, 4);
    expect(slow?.seconds).toBeCloseTo(0.002, 4);
  });

  it('believes one that is much slower than many quick ones, however little it serves', () => {
    const quick = Array.from({ length: 14 }, () => ratioOf(0.01, 140));
    const slow = pooledCosts([...quick, ratioOf(0.16, 2)], NOW).at(-1);
    expect(slow?.seconds).toBeGreaterThan(0.1);
  });

  it('gives one that has served nothing the cost of the others, and says how uncertain that is', () => {
    const [known, unknown] = pooledCosts([ratioOf(0.002, 100), decayedRatio(30_000)], NOW);
    expect(unknown?.seconds).toBeCloseTo(0.002, 4);
    expect(unknown?.deviation).toBeGreaterThanOrEqual(known?.deviation ?? Infinity);
  });

  it('knows nothing of a service that served nothing', () => {
    expect(pooledCosts([decayedRatio(30_000)], NOW)).toEqual([{ seconds: 0, deviation: 0 }]);
    expect(pooledCosts([], NOW)).toEqual([]);
  });

  it('stays between the least and the greatest of the single figures', () => {
    const figure = fc.record({
      cost: fc.double({ min: 1e-5, max: 1, noNaN: true }),
      rate: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(fc.array(figure, { minLength: 1, maxLength: 6 }), (figures) => {
        const ratios = figures.map(({ cost, rate }) => ratioOf(cost, rate));
        const own = ratios.map(meanOf);
        for (const { seconds, deviation } of pooledCosts(ratios, NOW)) {
          expect(seconds).toBeGreaterThanOrEqual(Math.min(...own) * (1 - 1e-9));
          expect(seconds).toBeLessThanOrEqual(Math.max(...own) * (1 + 1e-9));
          expect(Number.isFinite(deviation)).toBe(true);
        }
      }),
    );
  });
});
