/** When agents sample and the controller decides. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { untilNextBeat } from '../../contract/beat.ts';

it('beats are at multiples of the interval, or so long after them', () => {
  expect(untilNextBeat(1_000_000_000_100, 250)).toBe(150);
  expect(untilNextBeat(1_000_000_000_100, 250, 50)).toBe(200);
  expect(untilNextBeat(1_000_000_000_000, 250)).toBe(250);
});

it('a timer that ends early does not beat twice', () => {
  expect(untilNextBeat(1_000_000_000_249, 250)).toBe(251);
});

it('whenever it is asked, the next beat is on time and neither at once nor late', () => {
  const wall = fc.integer({ min: 0, max: 4e12 });
  fc.assert(
    fc.property(wall, fc.integer({ min: 10, max: 5000 }), fc.integer({ min: 0, max: 1000 }), (now, every, after) => {
      const left = untilNextBeat(now, every, after);
      expect(Math.abs((now + left - after) % every)).toBe(0);
      expect(left).toBeGreaterThanOrEqual(every / 4);
      expect(left).toBeLessThan(every * 1.25);
    }),
  );
});
