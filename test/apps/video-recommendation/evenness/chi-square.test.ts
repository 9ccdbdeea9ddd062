import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chiSquareAbove,
  testEqual,
  wilsonInterval,
} from '../../../../apps/video-recommendation/evenness/chi-square.ts';

describe('the tail of the chi-square distribution', () => {
  // Critical values as tables print them (NIST/SEMATECH e-Handbook, 1.3.6.7.4).
  test.each([
    [3.841, 1, 0.05],
    [6.635, 1, 0.01],
    [5.991, 2, 0.05],
    [9.21, 2, 0.01],
    [7.815, 3, 0.05],
    [18.307, 10, 0.05],
    [37.566, 20, 0.01],
    [123.225, 99, 0.05],
    [134.642, 99, 0.01],
  ])('above %d with %d degrees of freedom is %d', (statistic, degreesOfFreedom, tail) => {
    expect(chiSquareAbove(statistic, degreesOfFreedom)).toBeCloseTo(tail, 4);
  });

  test('falls from 1 to 0, and is larger with more degrees of freedom', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 500, noNaN: true }), fc.integer({ min: 1, max: 300 }), (x, k) => {
        const tail = chiSquareAbove(x, k);
        expect(tail).toBeGreaterThanOrEqual(0);
        expect(tail).toBeLessThanOrEqual(1);
        expect(chiSquareAbove(x + 1, k)).toBeLessThanOrEqual(tail + 1e-12);
        expect(chiSquareAbove(x, k + 1)).toBeGreaterThanOrEqual(tail - 1e-12);
      }),
    );
  });
});

test('equal counts have statistic 0, and one replica that gets all a p of 0', () => {
  expect(testEqual([100, 100, 100])).toEqual({ statistic: 0, degreesOfFreedom: 2, pValue: 1 });
  expect(testEqual([300, 0, 0])).toMatchObject({ statistic: 600, pValue: expect.closeTo(0, 12) });
});

test('the interval of Wilson has the share within, and is never outside of 0 to 1', () => {
  // Agresti and Coull 1998: 0 of 10 gives 0 to 0.278.
  expect(wilsonInterval(0, 10)).toEqual([0, expect.closeTo(0.2775, 3)]);
  expect(wilsonInterval(50, 100)).toEqual([expect.closeTo(0.4038, 3), expect.closeTo(0.5962, 3)]);
});
