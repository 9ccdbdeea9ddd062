import { expect, test } from 'vitest';
import { c3, c3Score } from './c3.ts';
import { answer, callerOf, FakeFleet, picks, quiet } from './fake-fleet.ts';

test('the score is cubic in the queue, which counts the own requests once for every caller', () => {
  const averages = { responseTime: 0.012, serviceTime: 0.01, queueSize: 2 };
  expect(c3Score(averages, 0, 5)).toBeCloseTo(0.002 + 27 * 0.01, 9);
  expect(c3Score(averages, 1, 5)).toBeCloseTo(0.002 + 512 * 0.01, 9);
});

test('unknown replicas come first, then the one with the shortest queue', () => {
  const fleet = new FakeFleet([{ ...quiet, requestsInFlight: 4 }, quiet, { ...quiet, requestsInFlight: 2 }]);
  const counts = picks(callerOf(c3, fleet), 30, 3, (replica) => answer(0.11, fleet.reports[replica]));
  expect(counts).toEqual([1, 28, 1]);
});

test('a timeout counts as service and response time', () => {
  const fleet = new FakeFleet([quiet, quiet]);
  const counts = picks(callerOf(c3, fleet), 30, 2, (replica) => (replica === 0 ? answer(5) : answer(0.11, quiet)));
  expect(counts).toEqual([1, 29]);
});
