import { describe, expect, test } from 'vitest';
import { answer, callerOf, FakeFleet, picks, quiet } from './fake-fleet.ts';
import { FailureMemory } from './failure-memory.ts';
import { prequalTuned } from './prequal-tuned.ts';
import { prequal, reuseBudget } from './prequal.ts';

describe('the reuse budget', () => {
  test('is that of the paper', () => {
    expect(reuseBudget(16, 100, 3, 1)).toBeCloseTo(2 / (0.84 * 3 - 1), 9);
  });

  test('is at least one', () => {
    expect(reuseBudget(16, 1600, 5, 1)).toBe(1);
  });

  test('has no bound where no more probes come than go', () => {
    expect(reuseBudget(16, 16, 3, 1)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe.each([prequal, prequalTuned])('$name', (policy) => {
  const fleetOf = (odd: object) =>
    new FakeFleet(Array.from({ length: 40 }, (_, replica) => ({ ...quiet, ...(replica < 4 && odd) })));

  /** Shares of requests that the first four replicas get, of 2000 at 20 per second. */
  function shareOfOdd(fleet: FakeFleet): number {
    const balancer = callerOf(policy, fleet);
    let odd = 0;
    for (let request = 0; request < 2000; request++) {
      fleet.timeline.runUntil(request / 20);
      const replica = balancer.pick(request);
      if (replica < 4) odd++;
      balancer.answered(request, replica, answer(0.1, quiet));
    }
    return odd / 2000;
  }

  test('sends more to the quick among the cold', () => {
    expect(shareOfOdd(fleetOf({ latency: 0.05 }))).toBeGreaterThan(0.2);
  });

  test('keeps away from the hot, however quick', () => {
    expect(shareOfOdd(fleetOf({ latency: 0.05, requestsInFlight: 50 }))).toBeLessThan(0.05);
  });

  test('is not drawn to replicas that fail fast', () => {
    expect(shareOfOdd(fleetOf({ latency: 0.01, errorsPerSecond: 5 }))).toBeLessThan(0.02);
  });

  test('probes three different replicas per request, and some when idle', () => {
    const fleet = fleetOf({});
    const balancer = callerOf(policy, fleet);
    balancer.pick(0);
    expect(new Set(fleet.probed).size).toBe(3);
    fleet.timeline.runUntil(3);
    expect(fleet.probed.length).toBeGreaterThanOrEqual(9);
  });

  test('draws at random while it knows nothing', () => {
    const counts = picks(callerOf(policy, fleetOf({})), 4000, 40, () => answer(0.1, quiet));
    expect(Math.min(...counts)).toBeGreaterThan(50);
  });
});

describe('failures', () => {
  test('are a moving average that fades', () => {
    const memory = new FailureMemory(2);
    memory.answered(0, true, 0);
    memory.answered(0, true, 0);
    expect(memory.share(0, 0)).toBeCloseTo(0.19, 9);
    expect(memory.share(0, 10)).toBeCloseTo(0.19 * Math.exp(-1), 9);
    expect(memory.share(1, 0)).toBe(0);
  });

  test('that a replica tells of raise the share, and their absence does not lower it', () => {
    const memory = new FailureMemory(1);
    memory.reported(0, 0.5, 0);
    memory.reported(0, 0, 0);
    expect(memory.share(0, 0)).toBe(0.5);
  });
});
