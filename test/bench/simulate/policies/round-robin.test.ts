import { expect, test } from 'vitest';
import { answer, callerOf, FakeFleet, picks, quiet } from './fake-fleet.ts';
import { roundRobin } from './round-robin.ts';

const fleet = new FakeFleet(Array.from({ length: 7 }, () => quiet));

test('a caller goes over all replicas evenly', () => {
  expect(picks(callerOf(roundRobin, fleet), 21, 7, () => answer(0.1, quiet))).toEqual([3, 3, 3, 3, 3, 3, 3]);
});

test('callers start at different replicas', () => {
  const firsts = Array.from({ length: 40 }, (_, caller) => callerOf(roundRobin, fleet, caller).pick(0));
  expect(new Set(firsts).size).toBeGreaterThan(4);
});
