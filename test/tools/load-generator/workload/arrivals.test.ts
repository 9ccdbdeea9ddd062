import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scheduleOf } from '../../../../tools/load-generator/workload/arrivals.ts';
import { seededRandom } from '../../../../apps/service/random.ts';

const rates = fc.double({ min: 0.01, max: 100_000, noNaN: true });

test('a constant rate has even intervals, without drift', () => {
  const due = scheduleOf('constant', 300, () => 0.5);
  expect([0, 1, 2, 300, 3_000_000].map(due)).toEqual([0, 1000 / 300, 2000 / 300, 1000, 10_000_000]);
});

test('Poisson arrivals have the mean and the spread of exponential intervals', () => {
  const rate = 200;
  const count = 100_000;
  const due = scheduleOf('poisson', rate, seededRandom(7));
  const intervals = Array.from({ length: count }, (_, index) => -due(index) + due(index + 1));
  const mean = intervals.reduce((sum, interval) => sum + interval, 0) / count;
  const variance = intervals.reduce((sum, interval) => sum + (interval - mean) ** 2, 0) / count;
  expect(mean).toBeCloseTo(1000 / rate, 1);
  // Of exponential ones the deviation is the mean, and one in e is longer than it.
  expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
  expect(intervals.filter((interval) => interval > mean).length / count).toBeCloseTo(Math.exp(-1), 2);
});

test('Poisson arrivals are in order, the same for the same seed, however often one asks', () => {
  fc.assert(
    fc.property(rates, fc.nat(), (rate, seed) => {
      const [once, twice] = [1, 2].map(() => scheduleOf('poisson', rate, seededRandom(seed)));
      let last = 0;
      for (let index = 0; index < 50; index++) {
        const due = once?.(index) ?? NaN;
        expect(due).toBeGreaterThanOrEqual(last);
        expect(once?.(index)).toBe(due);
        expect(twice?.(index)).toBe(due);
        last = due;
      }
      expect(Number.isFinite(last)).toBe(true);
    }),
  );
});
