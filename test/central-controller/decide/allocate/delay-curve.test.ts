import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CurvePoint, evaluateCurve } from '../../../../central-controller/decide/allocate/delay-curve.ts';

function at(kind: 'delay' | 'level', capacity: number, load: number, waitingOnly = false): CurvePoint {
  const point = { value: 0, price: 0, slope: 0 };
  evaluateCurve(kind, capacity, load, waitingOnly, point);
  return point;
}

const capacities = fc.double({ min: 0.05, max: 64, noNaN: true });
const utilisations = fc.double({ min: 0.001, max: 3, noNaN: true });

describe('evaluateCurve', () => {
  it('has the derivative of its value as price, and the derivative of its price as slope', () => {
    fc.assert(
      fc.property(fc.constantFrom('delay', 'level'), capacities, utilisations, fc.boolean(), (kind, c, u, only) => {
        const step = 1e-6 * c;
        const [below, here, above] = [-1, 0, 1].map((side) => at(kind, c, u * c + side * step, only));
        if (!below || !here || !above) throw new Error('three points');
        expect((above.value - below.value) / (2 * step) / here.price).toBeCloseTo(1, 4);
        expect((above.price - below.price) / (2 * step) / here.slope).toBeCloseTo(1, 2);
      }),
    );
  });

  it('is convex below and above saturation', () => {
    fc.assert(
      fc.property(fc.constantFrom('delay', 'level'), capacities, utilisations, utilisations, (kind, c, u, v) => {
        const low = at(kind, c, Math.min(u, v) * c);
        const high = at(kind, c, Math.max(u, v) * c);
        expect(high.price).toBeGreaterThanOrEqual(low.price);
        expect(low.slope).toBeGreaterThan(0);
        expect(Number.isFinite(high.value)).toBe(true);
      }),
    );
  });
});
