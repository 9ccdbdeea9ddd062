import { describe, expect, test } from 'vitest';
import { answer, callerOf, FakeFleet, picks, quiet } from './fake-fleet.ts';
import { leastRequest } from './least-request.ts';
import { PeakLatency, peakEwma } from './peak-ewma.ts';

describe('LEAST_REQUEST', () => {
  test('does not draw the busier of two, but where both draws are the same', () => {
    const balancer = callerOf(leastRequest, new FakeFleet([quiet, quiet]));
    const busy = balancer.pick(0);
    const counts = picks(balancer, 400, 2, () => answer(0.1, quiet));
    expect((counts[busy] ?? 0) / 400).toBeCloseTo(0.25, 1);
  });

  test('knows only what the caller itself has outstanding', () => {
    const fleet = new FakeFleet([{ ...quiet, requestsInFlight: 99 }, quiet]);
    const counts = picks(callerOf(leastRequest, fleet), 400, 2, (replica) => answer(0.1, fleet.reports[replica]));
    expect((counts[0] ?? 0) / 400).toBeCloseTo(0.5, 0);
  });
});

describe('peak latency', () => {
  test('follows a peak at once and forgets it with a mean lifetime of 10 s', () => {
    const latency = new PeakLatency();
    expect(latency.observe(0.1, 0)).toBe(0.1);
    expect(latency.observe(0.5, 1)).toBe(0.5);
    expect(latency.observe(0.1, 11)).toBeCloseTo(0.5 * Math.exp(-1) + 0.1 * (1 - Math.exp(-1)), 9);
  });

  test('costs by requests outstanding, and more than anything while the first is not answered', () => {
    const latency = new PeakLatency();
    expect(latency.cost(0, 0)).toBe(0);
    expect(latency.cost(1, 0)).toBeGreaterThan(1e6);
    latency.observe(0.2, 0);
    expect(latency.cost(3, 0)).toBeCloseTo(0.8, 9);
  });
});

test('peak EWMA takes the quicker of two', () => {
  const fleet = new FakeFleet([quiet, quiet]);
  const counts = picks(callerOf(peakEwma, fleet), 100, 2, (replica) => answer(replica === 0 ? 0.5 : 0.1, quiet));
  expect(counts).toEqual([1, 99]);
});
