import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answer, callerOf, FakeFleet, picks, quiet } from './fake-fleet.ts';
import { BLACKOUT, EXPIRATION, ReportedWeights, reportedWeight } from './reported-weights.ts';
import { StrideSchedule } from './stride-schedule.ts';
import { weightedRoundRobin } from './weighted-round-robin.ts';

describe('a weight', () => {
  test('is requests per second over utilisation', () => {
    expect(reportedWeight({ ...quiet, requestsPerSecond: 30, utilisation: 0.6 })).toBeCloseTo(50, 9);
  });

  test('falls with the share of errors', () => {
    const failing = { ...quiet, requestsPerSecond: 30, utilisation: 0.5, errorsPerSecond: 15 };
    expect(reportedWeight(failing)).toBeCloseTo(30, 9);
  });

  test('is none without requests or utilisation', () => {
    expect(reportedWeight({ ...quiet, requestsPerSecond: 0 })).toBeUndefined();
    expect(reportedWeight({ ...quiet, utilisation: 0 })).toBeUndefined();
  });
});

describe('the weights of a caller', () => {
  const of = (utilisation: number) => ({ ...quiet, requestsPerSecond: 12, utilisation });

  test('are used after the blackout, and unknown ones are the median', () => {
    const weights = new ReportedWeights(4);
    weights.learn(0, of(1), 0);
    weights.learn(1, of(0.5), 0);
    weights.learn(2, of(0.25), 0);
    weights.learn(3, of(0.1), 5);
    expect(weights.usable(BLACKOUT - 0.1)).toBeUndefined();
    expect(weights.usable(BLACKOUT)).toEqual([12, 24, 48, 24]);
    expect(weights.usable(BLACKOUT + 5)).toEqual([12, 24, 48, 120]);
  });

  test('are none while fewer than two are known', () => {
    const weights = new ReportedWeights(3);
    weights.learn(1, of(0.5), 0);
    expect(weights.usable(BLACKOUT)).toBeUndefined();
  });

  test('expire, and go through the blackout again when reports come back', () => {
    const weights = new ReportedWeights(3);
    for (const replica of [0, 1, 2]) weights.learn(replica, of(replica === 2 ? 0.1 : 1), 0);
    for (const replica of [0, 1]) weights.learn(replica, of(1), EXPIRATION - 1);
    expect(weights.usable(EXPIRATION - 1)).toEqual([12, 12, 120]);
    expect(weights.usable(EXPIRATION)).toEqual([12, 12, 12]);
    weights.learn(2, of(0.1), EXPIRATION + 1);
    expect(weights.usable(EXPIRATION + 2)).toEqual([12, 12, 12]);
    expect(weights.usable(EXPIRATION + 1 + BLACKOUT)).toEqual([12, 12, 120]);
  });
});

describe('the stride schedule', () => {
  test('takes replicas by their weights', () => {
    const weight = fc.double({ min: 0.2, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 2, maxLength: 8 }), (weights) => {
        const schedule = new StrideSchedule(weights);
        const counts = weights.map(() => 0);
        let place = 0;
        for (let pick = 0; pick < 2000; pick++) {
          place = schedule.next(place);
          const replica = place++ % weights.length;
          counts[replica] = (counts[replica] ?? 0) + 1;
        }
        const sum = weights.reduce((total, one) => total + one, 0);
        weights.forEach((one, replica) => expect((counts[replica] ?? 0) / 2000).toBeCloseTo(one / sum, 2));
      }),
    );
  });

  test('is round robin where weights are equal', () => {
    const schedule = new StrideSchedule([7, 7, 7]);
    const places = [0, 1, 2, 3, 4, 5].map((place) => schedule.next(place + 3));
    expect(places).toEqual([3, 4, 5, 6, 7, 8]);
  });
});

test('a caller is round robin first and weighted after the blackout', () => {
  const fleet = new FakeFleet([quiet, { ...quiet, utilisation: 0.25 }]);
  const balancer = callerOf(weightedRoundRobin, fleet);
  const answers = (replica: number) => answer(0.1, fleet.reports[replica]);
  expect(picks(balancer, 60, 2, answers)).toEqual([30, 30]);
  fleet.timeline.runUntil(BLACKOUT + 2);
  expect(picks(balancer, 60, 2, answers)).toEqual([20, 40]);
});
