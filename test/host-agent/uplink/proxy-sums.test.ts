import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ServedRow } from '../../../contract/node-report.ts';
import { decodeProxySync, type ProxySync, type SyncCalled } from '../../../contract/proxy-sync.ts';
import { ProxySums } from '../../../host-agent/uplink/proxy-sums.ts';
import { encodeSync, type SyncMessage } from '../../support/proxy-sync.ts';

const GEO = '80|geo.shop.svc';
const CART = '80|cart.shop.svc';

function message(overrides: SyncMessage): ProxySync {
  const decoded = decodeProxySync(encodeSync({ complete: true, hasTable: true, ...overrides }));
  if (!decoded.ok) throw new Error(decoded.failure.message);
  return decoded.value;
}

/** The requests of each service. */
const requestsOf = (sums: ProxySums): (readonly [service: string, requests: number])[] =>
  sums.called.take(false).map(([service, requests]) => [service, requests]);

const calls = (requests: number, more: Partial<SyncCalled> = {}): Partial<SyncCalled> => ({
  service: GEO,
  replica: 'geo-0',
  requests,
  answered: requests,
  latencySeconds: requests / 100,
  ...more,
});

/** Requests, in-flight seconds and end of each window. */
const windows = (rows: readonly ServedRow[]): number[][] =>
  rows.map(([, atMs, requests, , , inFlightSeconds]) => [atMs, requests, inFlightSeconds]);

describe('calls', () => {
  test('of all VMs add up by service', () => {
    const sums = new ProxySums();
    sums.accept(
      message({ pod: 'a', called: [calls(3), calls(4, { replica: 'geo-1', failures: 1, unreached: 1 })] }),
      0,
    );
    sums.accept(message({ pod: 'b', called: [calls(5), calls(1, { service: CART, replica: 'cart-0' })] }), 0);
    expect(sums.called.take(false)).toEqual([
      [GEO, 12, 1, 1, 12, 0.12],
      [CART, 1, 0, 0, 1, 0.01],
    ]);
  });

  test('are named only where they changed, and all for a full report', () => {
    const sums = new ProxySums();
    sums.accept(message({ called: [calls(3), calls(1, { service: CART, replica: 'cart-0' })] }), 0);
    sums.called.take(false);
    sums.accept(message({ sequence: 2, called: [calls(3), calls(2, { service: CART, replica: 'cart-0' })] }), 2000);
    expect(sums.called.take(false).map(([service]) => service)).toEqual([CART]);
    expect(sums.called.take(false)).toEqual([]);
    expect(sums.called.take(true)).toHaveLength(2);
  });

  test('of a VM that the agent did not know count from its first post on, unless it has just started', () => {
    const sums = new ProxySums();
    sums.accept(message({ pod: 'a', sequence: 57, called: [calls(1000)] }), 0);
    sums.accept(message({ pod: 'a', sequence: 58, called: [calls(1003), calls(2, { replica: 'geo-1' })] }), 2000);
    sums.accept(message({ pod: 'b', sequence: 1, called: [calls(7)] }), 2000);
    expect(requestsOf(sums)).toEqual([[GEO, 12]]);
  });

  test('of a VM whose first message had no counters count from the first that has some', () => {
    const sums = new ProxySums();
    sums.accept(message({ sequence: 57, complete: false, services: [{ key: GEO }] }), 0);
    sums.accept(message({ sequence: 58, called: [calls(1000)] }), 100);
    sums.accept(message({ sequence: 59, called: [calls(1001)] }), 2100);
    expect(requestsOf(sums)).toEqual([[GEO, 1]]);
  });

  test('that fell are counted from 0, and told', () => {
    const sums = new ProxySums();
    sums.accept(message({ called: [calls(10)] }), 0);
    expect(sums.accept(message({ sequence: 2, called: [calls(4)] }), 2000)).toEqual({ fallen: 1, faults: [] });
    expect(requestsOf(sums)).toEqual([[GEO, 14]]);
  });

  test('of a replica that went and came again are all new', () => {
    const sums = new ProxySums();
    sums.accept(message({ called: [calls(10)] }), 0);
    sums.accept(message({ sequence: 2, called: [] }), 2000);
    expect(sums.accept(message({ sequence: 3, called: [calls(12)] }), 4000).fallen).toBe(0);
    expect(requestsOf(sums)).toEqual([[GEO, 22]]);
  });

  test('beyond what a proxy can make are left out, and told', () => {
    const sums = new ProxySums();
    sums.accept(message({ called: [calls(10)] }), 0);
    const counted = sums.accept(
      message({ sequence: 2, called: [calls(1e12, { answered: 10, latencySeconds: 0.1 })] }),
      2000,
    );
    expect(counted.faults).toEqual([expect.stringContaining('geo-0 requests: ')]);
    sums.accept(message({ sequence: 3, called: [calls(1e12 + 5, { answered: 15, latencySeconds: 0.15 })] }), 4000);
    expect(requestsOf(sums)).toEqual([[GEO, 15]]);
  });

  test('are counted replica by replica where the controller wants to see them', () => {
    const sums = new ProxySums();
    sums.accept(message({ called: [calls(10)] }), 0);
    expect(sums.called.takeReplicas(false)).toEqual([]);
    sums.called.setDetail(new Set([GEO]));
    sums.accept(message({ sequence: 2, called: [calls(13), calls(1, { service: CART, replica: 'cart-0' })] }), 2000);
    expect(sums.called.takeReplicas(false)).toEqual([[GEO, 'geo-0', 3, 0, 0, 3, 0.03]]);
    expect(sums.called.takeReplicas(false)).toEqual([]);
    expect(sums.called.takeReplicas(true)).toHaveLength(1);
    sums.called.setDetail(new Set());
    expect(sums.called.takeReplicas(true)).toEqual([]);
  });

  test('of services that no VM names are forgotten when that is allowed', () => {
    const sums = new ProxySums();
    sums.accept(message({ called: [calls(10)] }), 0);
    sums.accept(message({ sequence: 2, called: [calls(1, { service: CART, replica: 'cart-0' })] }), 2000);
    sums.called.retain(sums.namedServices());
    expect(sums.called.take(true).map(([service]) => service)).toEqual([CART]);
  });

  test('are counted once and in full, whatever is lost, comes twice or late, and whichever VM starts anew', () => {
    const step = fc.record({
      vm: fc.nat(2),
      requests: fc.nat(50),
      what: fc.constantFrom('post', 'post', 'lose', 'repeat', 'late', 'restart'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const sums = new ProxySums();
        // Each VM posts once when it starts, so that the agent knows it from the beginning.
        const start = (pod: number, instance: number): Vm => {
          sums.accept(message({ pod: `pod-${pod}`, instance: String(instance) }), 0);
          return { pod: `pod-${pod}`, instance, sequence: 1, requests: 0, posted: 0, before: undefined };
        };
        const vms = [start(0, 1), start(1, 1), start(2, 1)];
        let ofOldVms = 0;
        for (const [index, { vm: number, requests, what }] of steps.entries()) {
          let vm = vms[number];
          if (vm === undefined) continue;
          if (what === 'restart') {
            ofOldVms += vm.posted;
            vm = start(number, vm.instance + 1);
            vms[number] = vm;
          }
          vm.requests += requests;
          vm.sequence++;
          if (what === 'lose') continue;
          const { pod, instance, sequence } = vm;
          const body = message({ pod, instance: String(instance), sequence, called: [calls(vm.requests)] });
          expect(sums.accept(body, index)).toEqual({ fallen: 0, faults: [] });
          if (what === 'repeat') sums.accept(body, index);
          if (what === 'late' && vm.before !== undefined) sums.accept(vm.before, index);
          vm.before = body;
          vm.posted = vm.requests;
          const expected = ofOldVms + vms.reduce((sum, { posted }) => sum + posted, 0);
          expect(sums.called.take(true)[0]?.[1] ?? 0).toBe(expected);
        }
      }),
    );
  });
});

interface Vm {
  readonly pod: string;
  readonly instance: number;
  sequence: number;
  requests: number;
  posted: number;
  before: ProxySync | undefined;
}

describe('the windows of what a pod served', () => {
  const served = (requests: number, inFlight = 0): SyncMessage['served'] => ({
    requests,
    inFlight,
    inFlightSeconds: requests / 10,
    latencyBuckets: Array.from({ length: 40 }, (_, bucket) => (bucket === 7 ? requests : 0)),
  });

  test('end with each post of a pod with one VM; the first begins two seconds before the first post', () => {
    const sums = new ProxySums();
    sums.accept(message({ served: served(4, 2) }), 10_000);
    expect(sums.takeServed(false)).toEqual([
      ['shop/cart-0', 8000, 0, 0, 0, 0, 0, []],
      ['shop/cart-0', 10_000, 4, 0, 2, 0.4, 7, [4]],
    ]);
    sums.accept(message({ sequence: 2, served: served(9) }), 12_000);
    expect(windows(sums.takeServed(false))).toEqual([[12_000, 9, 0.9]]);
    expect(sums.takeServed(false)).toEqual([]);
  });

  test('of a VM that was there before the agent begin with its first post', () => {
    const sums = new ProxySums();
    sums.accept(message({ sequence: 80, served: served(400) }), 10_000);
    sums.accept(message({ sequence: 81, served: served(405) }), 12_000);
    expect(windows(sums.takeServed(false))).toEqual([
      [10_000, 0, 0],
      [12_000, 5, 0.5],
    ]);
  });

  test('end when all VMs that post have posted, and one that is silent for five seconds holds up none', () => {
    const sums = new ProxySums();
    const post = (instance: string, sequence: number, requests: number, now: number): number[][] => {
      sums.accept(message({ instance, sequence, served: served(requests) }), now);
      return windows(sums.takeServed(false));
    };
    post('a', 1, 1, 10_000);
    expect(post('b', 1, 2, 10_100)).toEqual([]);
    expect(post('a', 2, 4, 12_000)).toEqual([[12_000, 6, 0.6]]);
    expect(post('b', 2, 2, 12_100)).toEqual([]);
    expect(post('a', 3, 5, 14_000)).toEqual([[14_000, 7, 0.7]]);
    expect(post('a', 4, 6, 16_000)).toEqual([]);
    expect(post('a', 5, 7, 18_000)).toEqual([[18_000, 9, 0.9]]);
  });

  test('of a pod that became idle end without requests for a while, and then no more are reported', () => {
    const sums = new ProxySums();
    sums.accept(message({ served: served(4) }), 10_000);
    sums.takeServed(false);
    const idle: number[][] = [];
    for (let now = 10_250; now < 40_000; now += 250) {
      sums.accept(message({ sequence: now, complete: false }), now);
      sums.tick(now);
      idle.push(...windows(sums.takeServed(false)));
    }
    const ends = idle.map(([atMs = 0]) => atMs);
    expect(ends).toHaveLength(5);
    for (const [index, atMs] of ends.entries()) {
      const before = ends[index - 1] ?? 11_000;
      expect(atMs - before).toBeGreaterThanOrEqual(1900);
      expect(atMs - before).toBeLessThanOrEqual(3000);
    }
    expect(idle.every(([, requests]) => requests === 4)).toBe(true);
  });

  test('after an idle time begin at most two seconds before the first post', () => {
    const sums = new ProxySums();
    sums.accept(message({ served: served(4) }), 10_000);
    sums.accept(message({ sequence: 2, served: served(4) }), 40_000);
    sums.takeServed(false);
    sums.accept(message({ sequence: 3, served: served(24) }), 70_000);
    expect(windows(sums.takeServed(false))).toEqual([
      [68_000, 4, 0.4],
      [70_000, 24, 2.4],
    ]);
  });

  test('hold what was lost in between, where a post was lost', () => {
    const sums = new ProxySums();
    sums.accept(message({ served: served(4) }), 10_000);
    sums.takeServed(false);
    sums.accept(message({ sequence: 4, served: served(24) }), 18_000);
    expect(windows(sums.takeServed(false))).toEqual([[18_000, 24, 2.4]]);
  });

  test('of which no report was taken are joined, and a full report names the last', () => {
    const sums = new ProxySums();
    for (let count = 1; count <= 10; count++) {
      sums.accept(message({ sequence: count, served: served(count) }), 10_000 + 2000 * count);
    }
    expect(windows(sums.takeServed(false))).toEqual([
      [28_000, 9, 0.9],
      [30_000, 10, 1],
    ]);
    expect(windows(sums.takeServed(true))).toEqual([[30_000, 10, 1]]);
  });

  test('count the requests in flight of all VMs, until a VM is gone', () => {
    const sums = new ProxySums();
    sums.accept(message({ instance: 'a', served: served(1, 2) }), 0);
    sums.accept(message({ instance: 'b', served: served(1, 3) }), 0);
    const inFlight = (): number | undefined => sums.takeServed(true)[0]?.[4];
    sums.accept(message({ instance: 'a', sequence: 2, served: served(2, 2) }), 2000);
    expect(inFlight()).toBe(5);
    sums.accept(message({ instance: 'a', sequence: 3, served: served(3, 2) }), 35_000);
    sums.tick(35_001);
    sums.accept(message({ instance: 'a', sequence: 4, served: served(4, 2) }), 37_000);
    expect(inFlight()).toBe(2);
  });
});

describe('proxies', () => {
  test('have a table when all of their VMs do, and count what they left to Istio since the agent knows them', () => {
    const sums = new ProxySums();
    sums.accept(message({ instance: 'a', fallbacks: 3 }), 0);
    sums.accept(message({ instance: 'b', sequence: 9, fallbacks: 100, hasTable: false }), 0);
    expect(sums.proxies()).toEqual([['shop/cart-0', 2, 0, 3]]);
    sums.accept(message({ instance: 'b', sequence: 10, fallbacks: 101 }), 2000);
    expect(sums.proxies()).toEqual([['shop/cart-0', 2, 1, 4]]);
    sums.tick(35_001);
    expect(sums.proxies()).toEqual([['shop/cart-0', 1, 1, 4]]);
    sums.tick(37_001);
    expect(sums.proxies()).toEqual([]);
  });

  test('that leave a replica out are counted each once, whatever number of VMs say so', () => {
    const sums = new ProxySums();
    const out = calls(1, { ejected: true });
    sums.accept(message({ pod: 'a', instance: 'a', called: [out, calls(1, { replica: 'geo-1' })] }), 0);
    sums.accept(message({ pod: 'a', instance: 'b', called: [out] }), 0);
    sums.accept(message({ pod: 'b', called: [out, calls(1, { replica: 'geo-2', ejected: true })] }), 0);
    expect(sums.ejected()).toEqual([
      [GEO, 'geo-0', 2],
      [GEO, 'geo-2', 1],
    ]);
  });
});
