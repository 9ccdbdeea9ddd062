import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dampedStep } from '../../../central-controller/decide/damp.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';

const EQUAL = [0.25, 0.25, 0.25, 0.25];

it('goes half of the way to a target near by', () => {
  const { weights, outcome } = dampedStep(EQUAL, [0.17, 0.27, 0.28, 0.28], DEFAULT_PARAMETERS);
  expect(outcome).toBe('damped');
  [0.21, 0.26, 0.265, 0.265].forEach((weight, index) => expect(weights[index]).toBeCloseTo(weight, 12));
});

it('goes three quarters of the way to a target far off', () => {
  const { weights } = dampedStep(EQUAL, [0.13, 0.29, 0.29, 0.29], DEFAULT_PARAMETERS);
  [0.16, 0.28, 0.28, 0.28].forEach((weight, index) => expect(weights[index]).toBeCloseTo(weight, 12));
});

it('moves no weight by more than the greatest step', () => {
  const { weights } = dampedStep([0.5, 0.5], [0, 1], { ...DEFAULT_PARAMETERS, maxStep: 0.1 });
  [0.4, 0.6].forEach((weight, index) => expect(weights[index]).toBeCloseTo(weight, 12));
});

it('keeps the sum, goes beyond no target, and comes within the dead band in a few ticks', () => {
  const shares = fc
    .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 })
    .map((parts) => {
      const sum = parts.reduce((total, part) => total + part, 0);
      return parts.map((part) => part / sum);
    });
  fc.assert(
    fc.property(shares, shares, (from, to) => {
      let weights: readonly number[] = from;
      for (let tick = 0; tick < 12; tick++) {
        const next = dampedStep(weights, to, DEFAULT_PARAMETERS).weights;
        expect(next.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
        next.forEach((weight, index) => {
          const [before = 0, target = 0] = [weights[index], to[index]];
          expect((weight - before) * (target - weight)).toBeGreaterThanOrEqual(-1e-12);
        });
        weights = next;
      }
      expect(dampedStep(weights, to, DEFAULT_PARAMETERS).outcome).not.toBe('damped');
    }),
  );
});
