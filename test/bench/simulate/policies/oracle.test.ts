import { expect, test } from 'vitest';
import { answer, callerOf, FakeFleet, picks, quiet } from './fake-fleet.ts';
import { oracle } from './oracle.ts';

test('goes where it is answered first, at random where that is equal', () => {
  const fleet = new FakeFleet([quiet, quiet, quiet]);
  fleet.expected = [0.2, 0.1, 0.1];
  const counts = picks(callerOf(oracle, fleet), 100, 3, () => answer(0.1, quiet));
  expect(counts[0]).toBe(0);
  expect(Math.min(counts[1] ?? 0, counts[2] ?? 0)).toBeGreaterThan(20);
});
