import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RisingCounter } from '../../../host-agent/sample/counter.ts';

const reading = fc.oneof(
  fc.nat(1e9),
  fc.constantFrom(undefined, Number.NaN, Infinity, -Infinity, -1, 0),
  fc.double({ noNaN: false }),
);

test('whatever is read, the total is a finite number that never falls', () => {
  fc.assert(
    fc.property(fc.array(reading), (readings) => {
      const counter = new RisingCounter();
      let before = 0;
      for (const raw of readings) {
        counter.observe(raw);
        expect(counter.total).toBeGreaterThanOrEqual(before);
        expect(Number.isNaN(counter.total)).toBe(false);
        before = counter.total;
      }
    }),
  );
});

test('the total of a counter that only rises is its last reading less its first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1e6), { minLength: 1 }), fc.nat(1e9), (steps, start) => {
      const counter = new RisingCounter();
      let raw = start;
      counter.observe(raw);
      for (const step of steps) counter.observe((raw += step));
      expect(counter.total).toBe(raw - start);
    }),
  );
});

test('a reading that is missed costs nothing of the total', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(1e6), fc.boolean()), { minLength: 1 }), (steps) => {
      const all = new RisingCounter();
      const some = new RisingCounter();
      all.observe(0);
      some.observe(0);
      let raw = 0;
      for (const [step, seen] of steps) {
        raw += step;
        all.observe(raw);
        if (seen) some.observe(raw);
      }
      some.observe(raw);
      expect(some.total).toBe(all.total);
    }),
  );
});

test('a counter that falls goes on from the reading that it fell to', () => {
  const counter = new RisingCounter();
  for (const raw of [1000, 1500, 20, 30]) counter.observe(raw);
  expect(counter.total).toBe(510);
});
