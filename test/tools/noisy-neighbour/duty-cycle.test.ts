import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DutyCycle, workOfPeriod } from '../../../tools/noisy-neighbour/duty-cycle.ts';

/** Runs the cycle on a CPU that gives it `granted(period)` of what it wants; returns the CPU taken in each period. */
function run(cycle: DutyCycle, periods: number, granted: (period: number) => number): number[] {
  const taken: number[] = [];
  let total = 0;
  let forgiven = 0;
  for (let period = 0; period < periods; period++) {
    const plan = workOfPeriod(cycle, period * cycle.periodMs, total, forgiven);
    forgiven = plan.forgivenMs;
    taken.push(plan.workMs * granted(period));
    total += plan.workMs * granted(period);
  }
  return taken;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test('takes its share, whatever share and period', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.integer({ min: 1, max: 20 }), (share, periodMs) => {
      const taken = run({ share, periodMs }, 200, () => 1);
      expect(sum(taken)).toBeCloseTo(share * periodMs * 200, 3);
      expect(Math.max(...taken)).toBeLessThanOrEqual(periodMs);
    }),
  );
});

test('makes up for a slice that ran over or short', () => {
  const taken = run({ share: 0.5, periodMs: 10 }, 100, (period) => (period % 2 === 0 ? 1.3 : 0.8));
  expect(Math.abs(sum(taken) - 500)).toBeLessThan(5);
});

test('what a limit took away for long is not made up for in a burst', () => {
  const cycle = { share: 0.5, periodMs: 10 };
  const taken = run(cycle, 400, (period) => (period < 200 ? 0.2 : 1));
  const extra = sum(taken.slice(200)) - 200 * 5;
  expect(extra).toBeGreaterThanOrEqual(0);
  expect(extra).toBeLessThanOrEqual(0.5 * 100 + 1);
});
