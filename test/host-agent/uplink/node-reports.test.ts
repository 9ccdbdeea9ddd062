import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ReplicaCpu } from '../../../contract/report.ts';
import { decodeProxySync } from '../../../contract/proxy-sync.ts';
import { NodeReports } from '../../../host-agent/uplink/node-reports.ts';
import { ProxySums } from '../../../host-agent/uplink/proxy-sums.ts';
import { encodeSync, type SyncMessage } from '../../support/proxy-sync.ts';
import { readReport, ReportedNode } from '../support/reported-node.ts';

const GEO = '80|geo.shop.svc';
const VERSIONS = { held: 9, used: 8 };

const pod = (uid: string, cpuSeconds: number, more: Partial<ReplicaCpu> = {}): ReplicaCpu => ({
  uid,
  cpuSeconds,
  throttledSeconds: 0,
  ...more,
});

class Node {
  readonly sums = new ProxySums();
  readonly reports = new NodeReports({ node: 'worker-1', instance: 'i' }, this.sums, 0);
  now = 0;

  post(message: SyncMessage): void {
    const decoded = decodeProxySync(encodeSync({ complete: true, ...message }));
    if (!decoded.ok) throw new Error(decoded.failure.message);
    this.sums.accept(decoded.value, this.now);
  }

  next(replicas: readonly ReplicaCpu[], full = false) {
    const cpu = { cores: 4, busySeconds: 1.5, stealSeconds: 0 };
    return readReport(this.reports.next({ monotonicMs: this.now, cpu, replicas: [...replicas] }, VERSIONS, full));
  }
}

test('a full report names everything, the next only what changed', () => {
  const node = new Node();
  node.post({ hasTable: true, served: { requests: 1 }, called: [{ service: GEO, replica: 'geo-0', requests: 2 }] });
  const first = node.next(
    [pod('a', 1, { limitCores: 0.5 }), pod('b', 2, { pressureSeconds: 1, grantedCores: 2 })],
    true,
  );
  expect(first).toEqual({
    node: 'worker-1',
    instance: 'i',
    sequence: 0,
    monotonicMs: 0,
    full: true,
    cpu: [4, 1.5, 0],
    pods: [
      ['a', 1, 0, null, 0.5, null],
      ['b', 2, 0, 1, null, 2],
    ],
    served: [['shop/cart-0', 0, 1, 0, 0, 0, 0, []]],
    called: [[GEO, 2, 0, 0, 0, 0]],
    ejected: [],
    proxies: [['shop/cart-0', 1, 1, 0]],
    ...VERSIONS,
  });
  node.now = 250;
  const second = node.next([pod('a', 1.5, { limitCores: 0.5 }), pod('c', 0)]);
  expect(second).toMatchObject({
    sequence: 1,
    pods: [
      ['a', 1.5, 0, null, 0.5, null],
      ['c', 0, 0, null, null, null],
    ],
  });
  expect(second.gone).toEqual(['b']);
  expect([second.full, second.called, second.proxies, second.served]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('calls come every two seconds, also where there were none', () => {
  const node = new Node();
  node.next([], true);
  const batches: number[] = [];
  for (node.now = 250; node.now <= 8000; node.now += 250)
    if (node.next([]).called !== undefined) batches.push(node.now);
  expect(batches).toEqual([2000, 4000, 6000, 8000]);
});

test('nodes send their calls at different times', () => {
  const first = (name: string): number => {
    const reports = new NodeReports({ node: name, instance: 'i' }, new ProxySums(), 0);
    for (let now = 0; ; now += 250) {
      const sample = { monotonicMs: now, cpu: { cores: 1, busySeconds: 0, stealSeconds: 0 }, replicas: [] };
      if (readReport(reports.next(sample, VERSIONS, false)).called !== undefined) return now;
    }
  };
  expect(new Set(Array.from({ length: 50 }, (_, index) => first(`worker-${index}`))).size).toBeGreaterThan(5);
});

test('ejections and proxies are named when they change, and proxies that are gone', () => {
  const node = new Node();
  node.next([], true);
  const batch = () => {
    node.now += 2000;
    const { ejected, proxies, proxiesGone } = node.next([]);
    return { ejected, proxies, proxiesGone };
  };
  node.post({ called: [{ service: GEO, replica: 'geo-0', requests: 2, ejected: true }] });
  expect(batch()).toEqual({
    ejected: [[GEO, 'geo-0', 1]],
    proxies: [['shop/cart-0', 1, 0, 0]],
    proxiesGone: undefined,
  });
  expect(batch()).toEqual({ ejected: undefined, proxies: undefined, proxiesGone: undefined });
  node.post({ sequence: 2, called: [{ service: GEO, replica: 'geo-0', requests: 3 }] });
  expect(batch()).toMatchObject({ ejected: [], proxies: undefined });
  node.now += 40_000;
  node.sums.tick(node.now);
  expect(batch()).toEqual({ ejected: undefined, proxies: undefined, proxiesGone: ['shop/cart-0'] });
});

test('a controller that takes changes in order knows the same as one that gets a full report at the end', () => {
  const step = fc.record({
    pods: fc.uniqueArray(fc.constantFrom('a', 'b', 'c')),
    posts: fc.array(fc.record({ pod: fc.constantFrom('x', 'y'), requests: fc.nat(9), ejected: fc.boolean() })),
    seconds: fc.constantFrom(0.25, 1, 3, 40),
    full: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const node = new Node();
      const changes = new ReportedNode();
      const counted = new Map<string, { sequence: number; requests: number }>();
      let cpuSeconds = 0;
      changes.take(node.next([], true));
      for (const { pods, posts, seconds, full } of steps) {
        node.now += seconds * 1000;
        node.sums.tick(node.now);
        for (const { pod: name, requests, ejected } of posts) {
          const vm = counted.get(name) ?? { sequence: 0, requests: 0 };
          counted.set(name, { sequence: vm.sequence + 1, requests: vm.requests + requests });
          const { sequence, requests: sum } = counted.get(name) ?? vm;
          const called = [{ service: GEO, replica: 'geo-0', requests: sum, ejected }];
          node.post({ pod: name, sequence, served: { requests: sum }, called });
        }
        cpuSeconds += seconds;
        changes.take(
          node.next(
            pods.map((uid) => pod(uid, cpuSeconds)),
            full,
          ),
        );
      }
      node.now += 2000;
      const replicas = [pod('a', cpuSeconds)];
      changes.take(node.next(replicas));
      const whole = new ReportedNode().take(node.next(replicas, true));
      expect(changes.pods).toEqual(whole.pods);
      expect(changes.proxies).toEqual(whole.proxies);
      expect(changes.ejected).toEqual(whole.ejected);
      for (const [service, row] of whole.called) expect(changes.called.get(service)).toEqual(row);
      for (const [name, rows] of whole.served) expect(changes.served.get(name)?.at(-1)).toEqual(rows.at(-1));
      for (const rows of changes.served.values()) {
        const ends = rows.map(([, atMs]) => atMs);
        expect(ends).toEqual(ends.toSorted((a, b) => a - b));
        const requests = rows.map(([, , count]) => count);
        expect(requests).toEqual(requests.toSorted((a, b) => a - b));
      }
    }),
  );
});

test('a full report says what the node is made of, once that is known', () => {
  const node = new Node();
  const inventory = {
    cpuModel: 'AMD EPYC 9654',
    cpuGHz: 2.4,
    cores: 8,
    threads: 16,
    virtual: true,
    memoryBytes: 2 ** 34,
    kernel: '6.12.1',
    cgroupVersion: 'v2',
  } as const;
  expect(node.next([], true)).not.toHaveProperty('inventory');
  node.reports.inventory = inventory;
  expect(node.next([])).not.toHaveProperty('inventory');
  expect(node.next([], true)).toMatchObject({ inventory });
});
