import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { describe, expect, test } from 'vitest';
import { LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import { decodeProxyStatistics } from '../../contract/proxy-statistics.ts';
import { type CalledCounters, ProxyCounters } from '../../contract/report.ts';
import { encodeStatistics } from '../host-agent/support/statistics.ts';

/** What the controller asks of each entry of a report. */
const Counters = Compile(ProxyCounters);

function called(overrides: Partial<CalledCounters> = {}): CalledCounters {
  return {
    service: '80|a.b',
    replica: 'a-0',
    requests: 1,
    failures: 0,
    unreached: 0,
    ejected: false,
    inFlight: 0,
    inFlightSeconds: 0,
    latencyBuckets: Array.from({ length: LATENCY_BUCKETS }, () => 0),
    ...overrides,
  };
}

function counters(overrides: Partial<ProxyCounters> = {}): ProxyCounters {
  return {
    namespace: 'shop',
    pod: 'cart-0',
    instance: 'abc',
    sequence: 1,
    tableVersion: 0,
    fallbacks: 0,
    called: [called()],
    ...overrides,
  };
}

test('what a plugin wrote is read again', () => {
  const { service: _service, replica: _replica, unreached: _unreached, ejected: _ejected, ...served } = called();
  const value = counters({ served, called: [called({ inFlightSeconds: 0.25 }), called({ replica: 'a-1' })] });
  expect(decodeProxyStatistics(encodeStatistics(value))).toEqual({ ok: true, value });
});

test.each([
  ['an empty replica name', 'called[1].replica', counters({ called: [called(), called({ replica: '' })] })],
  ['a replica name of 254', 'called[0].replica', counters({ called: [called({ replica: 'x'.repeat(254) })] })],
  ['a service key of 2', 'called[0].service', counters({ called: [called({ service: 'ab' })] })],
  ['a pod name of 254', 'pod', counters({ pod: 'x'.repeat(254) })],
  ['a namespace of 254', 'namespace', counters({ namespace: 'x'.repeat(254) })],
  ['a time below nothing', 'called[0].inFlightSeconds', counters({ called: [called({ inFlightSeconds: -1 })] })],
  ['a time that is none', 'called[0].inFlightSeconds', counters({ called: [called({ inFlightSeconds: NaN })] })],
])('%s, which the controller would refuse a whole report for, is refused by its field', (_, field, value) => {
  const decoded = decodeProxyStatistics(encodeStatistics(value));
  expect(decoded).toMatchObject({ ok: false, failure: { code: 'MALFORMED_STATISTICS' } });
  expect(decoded.ok ? '' : decoded.failure.message).toContain(`${field}: `);
});

/** Short or about as long as may be, of one or more bytes to a character. */
const name = fc
  .tuple(fc.constantFrom('x', 'é', '字', '😀', '\0'), fc.constantFrom(0, 1, 2, 3, 126, 127, 252, 253, 254, 300))
  .map(([character, length]) => character.repeat(length));
const count = fc.maxSafeNat();
const record: fc.Arbitrary<CalledCounters> = fc
  .record({
    service: name,
    replica: name,
    requests: count,
    failures: count,
    unreached: count,
    ejected: fc.boolean(),
    inFlight: fc.nat(),
    inFlightSeconds: fc.oneof(fc.double(), fc.double({ min: 0, max: 1e9, noNaN: true })),
  })
  .map(called);
const message = fc
  .record({ pod: name, namespace: name, sequence: count, called: fc.array(record, { maxLength: 4 }) })
  .map(counters);

describe('whatever comes', () => {
  test('is accepted just when the controller would accept it', () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(decodeProxyStatistics(encodeStatistics(value)).ok).toBe(Counters.Check(value));
      }),
    );
  });

  test('what is accepted is fit for a report, and nothing throws', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 });
    fc.assert(
      fc.property(message, damage, fc.nat(), (value, changes, cut) => {
        const bytes = encodeStatistics(value);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const whole = cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
        const decoded = decodeProxyStatistics(whole);
        if (decoded.ok) expect(Counters.Errors(JSON.parse(JSON.stringify(decoded.value)))).toEqual([]);
      }),
    );
  });
});
