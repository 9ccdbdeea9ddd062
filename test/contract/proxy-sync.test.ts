import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LATENCY_BUCKETS } from '../../contract/latency-buckets.ts';
import { decodeProxySync, MAX_PROXY_SERVICES, type ProxySync, type SyncCalled } from '../../contract/proxy-sync.ts';
import { encodeSync, type SyncMessage } from '../support/proxy-sync.ts';

const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,60}$/);
const pod = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,60}$/);
const key = fc.stringMatching(/^[0-9]{1,5}\|[a-z0-9.-]{1,60}$/);
const count = fc.maxSafeNat();
const small = fc.nat({ max: 0xffff_ffff });
const seconds = fc.double({ min: 0, max: 1e9, noNaN: true });
const counters = { requests: count, failures: count, unreached: count, inFlight: small, answered: small };

const message = fc.uniqueArray(key, { minLength: 1, maxLength: 6 }).chain((keys) =>
  fc.record({
    namespace: pod,
    pod,
    instance: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((id) => id.toString(16)),
    sequence: count,
    fallbacks: count,
    epoch: count,
    holdMs: small,
    hasTable: fc.boolean(),
    complete: fc.boolean(),
    services: fc.tuple(
      ...keys.map((each) =>
        fc.record({ key: fc.constant(each), version: count, idleSeconds: small, wanted: fc.boolean() }),
      ),
    ),
    served: fc.option(
      fc.record({
        ...counters,
        inFlightSeconds: seconds,
        latencyBuckets: fc.array(small, { minLength: LATENCY_BUCKETS, maxLength: LATENCY_BUCKETS }),
      }),
      { nil: undefined },
    ),
    called: fc.array(
      fc.record({
        ...counters,
        service: fc.constantFrom(...keys),
        replica: name,
        ejected: fc.boolean(),
        latencySeconds: seconds,
      }),
      { maxLength: 6 },
    ),
  }),
);

test('a message that a plugin writes is read again', () => {
  fc.assert(
    fc.property(message, (value) => {
      expect(decodeProxySync(encodeSync(value))).toEqual({ ok: true, value: { ...value, faults: [] } });
    }),
  );
});

/** What is accepted can go into a report. */
function isFit({ namespace, pod: podName, services, served, called, ...header }: ProxySync): boolean {
  const amounts = [...called, ...(served ? [served] : [])];
  return (
    [namespace, podName, ...called.map(({ replica }) => replica)].every((text) => /^[!-.0-~]{1,253}$/.test(text)) &&
    services.every((service) => /^[!-~]{3,512}$/.test(service.key) && Number.isSafeInteger(service.version)) &&
    called.every((record) => services.some((service) => service.key === record.service)) &&
    [header.sequence, header.fallbacks, header.epoch].every(Number.isSafeInteger) &&
    amounts.every((each) => [each.requests, each.failures, each.unreached].every(Number.isSafeInteger)) &&
    called.every(({ latencySeconds }) => latencySeconds >= 0 && latencySeconds < Infinity) &&
    (served === undefined || (served.inFlightSeconds >= 0 && served.inFlightSeconds < Infinity))
  );
}

test('whatever bytes come, nothing throws, and what is accepted is fit for a report', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 5 });
  fc.assert(
    fc.property(message, damage, fc.nat(), (value, changes, cut) => {
      const bytes = encodeSync(value);
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      const decoded = decodeProxySync(cut % 4 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes);
      if (decoded.ok) expect(isFit(decoded.value)).toBe(true);
      else expect(decoded.failure.code).toBe('MALFORMED_STATISTICS');
    }),
  );
});

const SERVICE = '80|geo.hotel.svc.cluster.local';
const GOOD: Partial<SyncCalled> = { service: SERVICE, replica: 'geo-0', requests: 1 };

describe('a wrong value costs what it is in, and no more', () => {
  test.each<[string, string, SyncMessage]>([
    ['a replica without a name', 'records[1].replica', { called: [GOOD, { ...GOOD, replica: '' }] }],
    ['a replica name of 254', 'records[1].replica', { called: [GOOD, { ...GOOD, replica: 'x'.repeat(254) }] }],
    ['a name that is not ASCII', 'records[1].replica', { called: [GOOD, { ...GOOD, replica: 'géo-0' }] }],
    ['a time below 0', 'records[1].seconds', { called: [GOOD, { ...GOOD, latencySeconds: -1 }] }],
    ['a time that is not a number', 'records[1].seconds', { called: [GOOD, { ...GOOD, latencySeconds: NaN }] }],
    ['a time without end', 'records[1].seconds', { called: [GOOD, { ...GOOD, latencySeconds: Infinity }] }],
    ['a count beyond 2^53', 'records[1].requests', { called: [GOOD, { ...GOOD, requests: 2 ** 60 }] }],
    ['a service that is not named', 'records[1].service', { called: [GOOD, { replica: 'geo-1' }] }],
    ['a wrong time of the served side', 'records[0].seconds', { called: [GOOD], served: { inFlightSeconds: NaN } }],
    ['a key of two characters', 'services[0].key', { services: [{ key: '80' }], called: [GOOD] }],
    ['a version beyond 2^53', 'services[0].version', { services: [{ key: '80|a', version: 2 ** 60 }], called: [GOOD] }],
  ])('%s', (_, field, value) => {
    const decoded = decodeProxySync(encodeSync(value));
    expect(decoded).toMatchObject({
      ok: true,
      value: { called: [{ replica: 'geo-0', requests: 1 }], served: undefined },
    });
    expect(decoded.ok ? decoded.value.faults : []).toEqual([expect.stringContaining(`${field}: `)]);
  });

  test('services beyond the limit of one proxy', () => {
    const services = Array.from({ length: MAX_PROXY_SERVICES + 1 }, (_, index) => ({ key: `80|s${index}` }));
    const decoded = decodeProxySync(encodeSync({ services }));
    expect(decoded.ok ? decoded.value.services.length : 0).toBe(MAX_PROXY_SERVICES);
    expect(decoded.ok ? decoded.value.faults : []).toEqual([
      `services[${MAX_PROXY_SERVICES}]: more than ${MAX_PROXY_SERVICES}`,
    ]);
  });
});

describe('a message whose parts cannot be told apart is refused with the field', () => {
  const whole = encodeSync({ services: [{ key: SERVICE }], called: [GOOD] });
  const changed = (at: number, byte: number): Buffer => {
    const bytes = Buffer.from(whole);
    bytes[at] = byte;
    return bytes;
  };
  test.each<[string, Uint8Array]>([
    ['length', whole.subarray(0, 60)],
    ['magic', changed(0, 1)],
    ['format', changed(4, 1)],
    ['node id', changed(45, 255)],
    ['pod', encodeSync({ pod: 'x'.repeat(254) })],
    ['namespace', encodeSync({ namespace: '' + 'x'.repeat(254) })],
    ['sequence', changed(23, 255)],
    ['services[0].key', whole.subarray(0, whole.length - 60)],
    ['records[0]', whole.subarray(0, whole.length - 1)],
    ['records[1]', changed(6, 2)],
    ['length', Buffer.concat([whole, Buffer.alloc(1)])],
  ])('%s', (field, bytes) => {
    const decoded = decodeProxySync(bytes);
    expect(decoded.ok ? '' : decoded.failure.message).toMatch(new RegExp(`^${RegExp.escape(field)}: `));
  });
});
