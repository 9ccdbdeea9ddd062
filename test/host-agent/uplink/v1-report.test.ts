import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bucketBoundSeconds } from '../../../contract/latency-buckets.ts';
import { decodeProxySync, type ProxySync } from '../../../contract/proxy-sync.ts';
import type { ProxyCounters } from '../../../contract/report.ts';
import { V1Statistics } from '../../../host-agent/uplink/v1-report.ts';
import { encodeSync, type SyncMessage } from '../../support/proxy-sync.ts';

const SERVICE = '80|geo.shop.svc';

function message(overrides: SyncMessage): ProxySync {
  const decoded = decodeProxySync(encodeSync({ complete: true, hasTable: true, ...overrides }));
  if (!decoded.ok) throw new Error(decoded.failure.message);
  return decoded.value;
}

const called = (answered: number, latencySeconds: number): SyncMessage => ({
  called: [{ service: SERVICE, replica: 'geo-0', requests: answered, answered, latencySeconds }],
});

const bucketsOf = (counters: ProxyCounters | undefined): readonly number[] => counters?.called[0]?.latencyBuckets ?? [];

test('a message becomes the counters of its VM', () => {
  const statistics = new V1Statistics(() => 1000);
  const counters = statistics.accept(
    message({
      fallbacks: 2,
      served: { requests: 3, failures: 1, inFlight: 2, inFlightSeconds: 0.5 },
      called: [
        { service: SERVICE, replica: 'geo-0', requests: 5, failures: 1, unreached: 1, ejected: true, inFlight: 1 },
      ],
    }),
    17,
    0,
  );
  expect(counters).toMatchObject({
    namespace: 'shop',
    pod: 'cart-0',
    instance: 'abc',
    sequence: 1000,
    tableVersion: 17,
    fallbacks: 2,
    served: { requests: 3, failures: 1, inFlight: 2, inFlightSeconds: 0.5 },
    called: [
      { service: SERVICE, replica: 'geo-0', requests: 5, failures: 1, unreached: 1, ejected: true, inFlight: 1 },
    ],
  });
});

test('without a table in force the version is 0, and without counters there is nothing to send', () => {
  const statistics = new V1Statistics(() => 1000);
  expect(statistics.accept(message({ hasTable: false }), 17, 0)?.tableVersion).toBe(0);
  expect(statistics.accept(message({ complete: false, services: [{ key: SERVICE }] }), 17, 0)).toBeUndefined();
});

test('the histogram counts what was answered, in the bucket of the mean latency of each message', () => {
  const statistics = new V1Statistics(() => 1000);
  statistics.accept(message(called(2, 0.02)), 1, 0);
  const buckets = bucketsOf(statistics.accept(message({ sequence: 2, ...called(5, 3.02) }), 1, 2000));
  const counted = [...buckets.entries()].filter(([, count]) => count > 0);
  expect(counted.map(([, count]) => count)).toEqual([2, 3]);
  const [fast = 0, slow = 0] = counted.map(([bucket]) => bucketBoundSeconds(bucket));
  expect(fast).toBeGreaterThanOrEqual(0.01);
  expect(fast).toBeLessThan(0.0142);
  expect(slow).toBeGreaterThanOrEqual(1);
  expect(slow).toBeLessThan(1.42);
});

test('no count falls and the sequence rises, whatever a VM answers and however the wall clock moves', () => {
  const step = fc.record({
    answered: fc.nat(100),
    meanMs: fc.double({ min: 0, max: 5000, noNaN: true }),
    wall: fc.nat(5000),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let wall = 0;
      const statistics = new V1Statistics(() => wall);
      let before: ProxyCounters | undefined;
      let [answered, latencySeconds] = [0, 0];
      for (const [index, each] of steps.entries()) {
        wall = each.wall;
        answered += each.answered;
        latencySeconds += (each.answered * each.meanMs) / 1000;
        const counters = statistics.accept(
          message({ sequence: index + 1, ...called(answered, latencySeconds) }),
          1,
          index,
        );
        expect(bucketsOf(counters).reduce((sum, count) => sum + count, 0)).toBe(answered);
        for (const [bucket, count] of bucketsOf(before).entries()) {
          expect(bucketsOf(counters)[bucket]).toBeGreaterThanOrEqual(count);
        }
        expect(counters?.sequence).toBeGreaterThan(before?.sequence ?? -1);
        before = counters;
      }
    }),
  );
});

test('an idle VM is sent again every two seconds while it says that it lives', () => {
  const statistics = new V1Statistics(() => 1000);
  const first = statistics.accept(message(called(1, 0.01)), 1, 0);
  expect(statistics.repeat(1999)).toEqual([]);
  expect(statistics.repeat(2000)).toEqual([{ ...first, sequence: (first?.sequence ?? 0) + 1 }]);
  expect(statistics.repeat(2001)).toEqual([]);
  statistics.accept(message({ complete: false, services: [{ key: SERVICE }] }), 1, 30_000);
  expect(statistics.repeat(60_000)).toHaveLength(1);
  expect(statistics.repeat(65_001)).toEqual([]);
});
