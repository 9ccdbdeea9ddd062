import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeWeights, encodeWeights } from '../../contract/weights-codec.ts';

/** Weights as an allocation gives them: they add up to 1, and most are within a thousand times of each other. */
const weights = fc
  .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 1, maxLength: 300 })
  .map((raw) => {
    const sum = raw.reduce((total, each) => total + each, 0);
    return raw.map((each) => each / sum);
  });

describe('weights that are encoded and decoded', () => {
  test('are within 0.1 % of what they were, and add up to 1', () => {
    fc.assert(
      fc.property(weights, (before) => {
        const after = decodeWeights(encodeWeights(before), before.length) ?? new Float64Array();
        expect(after.length).toBe(before.length);
        before.forEach((weight, index) => expect(Math.abs((after[index] ?? 0) / weight - 1)).toBeLessThan(0.001));
        expect(after.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 9);
      }),
    );
  });

  test('keep their order', () => {
    fc.assert(
      fc.property(weights, (before) => {
        const after = decodeWeights(encodeWeights(before), before.length) ?? new Float64Array();
        const order = before.map((_, index) => index).toSorted((a, b) => (before[a] ?? 0) - (before[b] ?? 0));
        for (const [place, index] of order.entries()) {
          const next = order[place + 1];
          if (next !== undefined) expect(after[index]).toBeLessThanOrEqual(after[next] ?? 0);
        }
      }),
    );
  });

  test('stay 0 or above 0, however many replicas there are', () => {
    const extremes = fc.array(fc.constantFrom(0, 1e-12, 1e-6, 0.002, 1), { minLength: 1, maxLength: 12_000 });
    fc.assert(
      fc.property(extremes, (before) => {
        const after = decodeWeights(encodeWeights(before), before.length);
        expect(after?.every((weight, index) => weight > 0 === (before[index] ?? 0) > 0)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('take 56 characters for 20 replicas', () => {
    expect(encodeWeights(Array.from({ length: 20 }, () => 0.05)).length).toBe(56);
  });
});

test('text that does not hold as many weights as there are replicas, or no amounts, is none', () => {
  const text = (...values: number[]): string => Buffer.from(new Float16Array(values).buffer).toString('base64');
  expect(decodeWeights(text(1, 1), 3)).toBeUndefined();
  expect(decodeWeights('not base64 at all', 2)).toBeUndefined();
  expect(decodeWeights(text(1, -1), 2)).toBeUndefined();
  expect(decodeWeights(text(1, NaN), 2)).toBeUndefined();
  expect(decodeWeights(text(1, Infinity), 2)).toBeUndefined();
  expect(decodeWeights('', 0)).toEqual(new Float64Array());
});
