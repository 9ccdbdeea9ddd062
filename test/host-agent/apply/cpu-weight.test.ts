/** The weights are those of kubelet 1.37.2 (linear) and of opencontainers/cgroups 0.0.7 (logarithmic). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { curveOf, NodeWeights, sharesOfRequest, weightOfShares } from '../../../host-agent/apply/cpu-weight.ts';

const WEIGHTS = [
  [0, 2, 1, 1],
  [10, 10, 1, 4],
  [20, 20, 1, 6],
  [50, 51, 2, 11],
  [100, 102, 4, 17],
  [250, 256, 10, 35],
  [500, 512, 20, 59],
  [1000, 1024, 39, 100],
  [1500, 1536, 59, 138],
  [2000, 2048, 79, 174],
  [8000, 8192, 313, 532],
  [64_000, 65_536, 2500, 3023],
  [255_999, 262_142, 9999, 10_000],
  [256_000, 262_144, 10_000, 10_000],
  [1_000_000, 262_144, 10_000, 10_000],
] as const;

test.each(WEIGHTS)(
  'a request of %i m is %i shares, which weigh %i or %i',
  (milliCores, shares, linear, logarithmic) => {
    expect(sharesOfRequest(milliCores)).toBe(shares);
    expect(weightOfShares('linear', shares)).toBe(linear);
    expect(weightOfShares('logarithmic', shares)).toBe(logarithmic);
  },
);

const shares = fc.integer({ min: 2, max: 262_144 });
const curve = fc.constantFrom('linear', 'logarithmic');

test('a weight is always one that the kernel accepts, and more shares never weigh less', () => {
  fc.assert(
    fc.property(curve, shares, shares, (name, a, b) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)].map((count) => weightOfShares(name, count));
      expect(less).toBeGreaterThanOrEqual(1);
      expect(more).toBeGreaterThanOrEqual(less ?? Infinity);
      expect(more).toBeLessThanOrEqual(10_000);
    }),
  );
});

test('one weight tells the curve for every request but none and the largest', () => {
  fc.assert(
    fc.property(curve, fc.integer({ min: 3, max: 262_141 }), (name, count) => {
      expect(curveOf(count, weightOfShares(name, count))).toBe(name);
    }),
  );
  expect([2, 262_144].map((count) => curveOf(count, weightOfShares('linear', count)))).toEqual([undefined, undefined]);
});

test('until a weight tells the curve, the linear one is assumed', () => {
  const weights = new NodeWeights(undefined);
  weights.observe(() => 6);
  expect([weights.observed, weights.weightOf(1024)]).toEqual([undefined, 39]);
});

test('the curve follows the weight of the known pod, and stays while that fits none', () => {
  const weights = new NodeWeights({ uid: 'agent', milliCores: 20 });
  const groups = new Map<string, number>();
  const observe = (weight: number): string | undefined => {
    groups.set('agent', weight);
    weights.observe((uid) => groups.get(uid));
    return weights.observed;
  };
  weights.observe((uid) => groups.get(uid));
  expect(weights.observed).toBeUndefined();
  expect(observe(6)).toBe('logarithmic');
  expect(weights.weightOf(1024)).toBe(100);
  expect(observe(77)).toBe('logarithmic');
  expect(observe(1)).toBe('linear');
  expect(weights.weightOf(1024)).toBe(39);
});
