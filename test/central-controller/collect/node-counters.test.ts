import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Collector } from '../../../central-controller/collect/collector.ts';
import type { Window } from '../../../central-controller/model/windows.ts';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import type { NodeReport, PodCpuRow } from '../../../contract/node-report.ts';
import { nodeReport, report, servedRow } from '../fixtures.ts';

const NODES = new Set(['node-1']);
const KEY = '8080|geo.hotel.svc.cluster.local';

/** A report in which only what changed is named. */
function partial(sequence: number, overrides: Partial<NodeReport> = {}): NodeReport {
  const { full: _, ...head } = nodeReport('node-1', sequence);
  return { ...head, ...overrides };
}

function cpuRow(uid: string, cpuSeconds: number, more: { limit?: number; granted?: number } = {}): PodCpuRow {
  return [uid, cpuSeconds, 0, null, more.limit ?? null, more.granted ?? null];
}

function accepted(collector: Collector, message: NodeReport, now: number): readonly Window[] {
  const result = collector.accept(message, NODES, now);
  if (!result.ok) throw new Error(result.failure.message);
  return result.value.windows;
}

function refusal(collector: Collector, message: NodeReport, now: number) {
  const result = collector.accept(message, NODES, now);
  return result.ok ? undefined : result.failure;
}

/** A collector that has the first report of the node, with these rows. */
function begun(overrides: Partial<NodeReport> = {}): Collector {
  const collector = new Collector();
  expect(accepted(collector, nodeReport('node-1', 1, overrides), 1_000)).toEqual([]);
  return collector;
}

describe('the CPU of a node', () => {
  it('is subtracted from report to report', () => {
    const collector = begun({ pods: [cpuRow('a', 1)] });
    const pods = [cpuRow('a', 1.25, { limit: 0.5, granted: 0.4 })];
    expect(accepted(collector, partial(2, { pods }), 1_250)).toEqual([
      {
        kind: 'node',
        node: 'node-1',
        at: 1_250,
        seconds: 0.25,
        cores: 1,
        busySeconds: 0.125,
        stealSeconds: 0,
        replicas: [{ uid: 'a', cpuSeconds: 0.25, throttledSeconds: 0, limitCores: 0.5, grantedCores: 0.4 }],
      },
    ]);
  });

  it('has a window of 0 for a pod whose row is omitted, with the limit that it had', () => {
    const collector = begun({ pods: [cpuRow('a', 1, { limit: 0.5 })] });
    const idle = { uid: 'a', cpuSeconds: 0, throttledSeconds: 0, limitCores: 0.5 };
    expect(accepted(collector, partial(2), 1_250)).toMatchObject([{ replicas: [idle] }]);
    const pods = [cpuRow('a', 1.5)];
    expect(accepted(collector, partial(3, { pods }), 1_500)).toMatchObject([{ replicas: [{ cpuSeconds: 0.5 }] }]);
  });

  it('forgets a pod that is gone, also when a full report no longer names it', () => {
    const collector = begun({ pods: [cpuRow('a', 1), cpuRow('b', 1), cpuRow('c', 1)] });
    expect(accepted(collector, partial(2, { gone: ['a'] }), 1_250)).toMatchObject([{ replicas: [{}, {}] }]);
    accepted(collector, nodeReport('node-1', 3, { pods: [cpuRow('c', 2)] }), 1_500);
    expect(accepted(collector, partial(4), 1_750)).toMatchObject([{ replicas: [{ uid: 'c', cpuSeconds: 0 }] }]);
  });

  it('leaves out a pod whose counter fell, and names it', () => {
    const collector = begun({ pods: [cpuRow('a', 5), cpuRow('b', 1)] });
    const result = collector.accept(partial(2, { pods: [cpuRow('a', 3), cpuRow('b', 2)] }), NODES, 1_250);
    expect(result).toMatchObject({
      value: { windows: [{ replicas: [{ uid: 'b', cpuSeconds: 1 }] }], fallen: ['pods a'] },
    });
    const pods = [cpuRow('a', 3.5)];
    expect(accepted(collector, partial(3, { pods }), 1_500)).toMatchObject([
      { replicas: [{ uid: 'a', cpuSeconds: 0.5 }, { cpuSeconds: 0 }] },
    ]);
  });

  it('adds up to the truth, whatever is lost, repeated or late', () => {
    const usages = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 41, maxLength: 41 });
    const arrivals = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 });
    fc.assert(
      fc.property(usages, arrivals, (usage, sequences) => {
        const counter = (sequence: number): number => usage.slice(0, sequence + 1).reduce((sum, used) => sum + used, 0);
        const collector = new Collector();
        let [first, newest, busy] = [0, 0, 0];
        for (const [index, sequence] of sequences.entries()) {
          const cpu: NodeReport['cpu'] = [4, counter(sequence), 0];
          const result = collector.accept(nodeReport('node-1', sequence, { cpu }), NODES, index * 250);
          expect(result.ok).toBe(sequence > newest);
          if (!result.ok) continue;
          first ||= sequence;
          newest = sequence;
          for (const window of result.value.windows) if (window.kind === 'node') busy += window.busySeconds;
        }
        if (first > 0) expect(busy).toBeCloseTo(counter(newest) - counter(first), 9);
      }),
    );
  });
});

describe('a report is refused and changes nothing', () => {
  it.each<[string, NodeReport, string, string]>([
    ['of an unknown node', { ...partial(3), node: 'node-9' }, 'UNKNOWN_NODE', 'node'],
    ['that comes twice', partial(2), 'STALE_REPORT', 'sequence'],
    ['that travels back in time', partial(3, { monotonicMs: 1 }), 'STALE_REPORT', 'monotonicMs'],
    ['that travels ahead in time', partial(3, { monotonicMs: 9e9 }), 'STALE_REPORT', 'monotonicMs'],
    ['whose node used less CPU than before', partial(3, { cpu: [1, 0, 0] }), 'MALFORMED_REPORT', 'cpu'],
    ['of another agent that omits rows', partial(3, { instance: 'second' }), 'STALE_REPORT', 'full'],
  ])('%s', (_case, bad, code, field) => {
    const build = (): Collector => {
      const collector = begun({ pods: [cpuRow('a', 1)], served: [servedRow('geo-0', 1, 10)] });
      accepted(collector, partial(2, { pods: [cpuRow('a', 2)] }), 1_250);
      return collector;
    };
    const collector = build();
    expect(refusal(collector, bad, 1_500)).toMatchObject({ code, message: expect.stringContaining(field) as string });
    const next = partial(4, { pods: [cpuRow('a', 5)], served: [servedRow('geo-0', 4, 40)] });
    expect(accepted(collector, next, 1_750)).toEqual(accepted(build(), next, 1_750));
  });

  it('when its agent was replaced by another', () => {
    const collector = begun();
    expect(accepted(collector, nodeReport('node-1', 1, { instance: 'second' }), 1_250)).toEqual([]);
    expect(refusal(collector, partial(2), 1_500)).toMatchObject({
      code: 'STALE_REPORT',
      message: expect.stringContaining('instance') as string,
    });
  });

  it('but after a silence the agent starts anew', () => {
    const collector = begun();
    expect(refusal(collector, partial(0), 1_250)).toBeDefined();
    expect(accepted(collector, nodeReport('node-1', 0), 40_000)).toEqual([]);
    expect(accepted(collector, partial(1), 40_250)).toHaveLength(1);
  });
});

describe('the requests of a pod', () => {
  it('make a window of the length that the agent says', () => {
    const collector = begun({ served: [servedRow('geo-0', 1, 10)] });
    const [, window] = accepted(collector, partial(9, { served: [servedRow('geo-0', 9, 50)] }), 3_000);
    const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => (bucket === 8 ? 40 : 0));
    expect(window).toEqual({
      kind: 'served',
      namespace: 'hotel',
      replica: 'geo-0',
      at: 3_000,
      seconds: 2,
      requests: 40,
      failures: 0,
      inFlight: 1,
      inFlightSeconds: expect.closeTo(0.16, 12) as number,
      latencyBuckets,
    });
  });

  it('count from their new value when a counter fell', () => {
    const collector = begun({ served: [servedRow('geo-0', 1, 10)] });
    const fell = collector.accept(partial(2, { served: [servedRow('geo-0', 2, 5)] }), NODES, 1_250);
    expect(fell).toMatchObject({ value: { windows: [{ kind: 'node' }], fallen: ['served hotel/geo-0'] } });
    expect(accepted(collector, partial(3, { served: [servedRow('geo-0', 3, 8)] }), 1_500)[1]).toMatchObject({
      requests: 3,
    });
  });

  it('are never negative or infinite, whatever the agent sends', () => {
    const amount = fc.constantFrom(0, 1, 7, Number.MAX_SAFE_INTEGER);
    const row = fc.tuple(
      fc.constantFrom('hotel/geo-0', 'hotel/geo-1'),
      fc.nat({ max: 1e6 }),
      amount,
      amount,
      amount,
      fc.constantFrom(0, 1, 1e300),
      fc.nat({ max: LATENCY_BUCKETS - 1 }),
      fc.array(amount, { maxLength: LATENCY_BUCKETS }),
    );
    const calledRow = fc.tuple(
      fc.constant(KEY),
      fc.constantFrom('geo-0', 'geo-1'),
      amount,
      amount,
      amount,
      amount,
      amount,
    );
    const rows = fc.record({
      served: fc.array(row, { maxLength: 3 }),
      calledReplicas: fc.array(calledRow, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(rows, { maxLength: 20 }), (reports) => {
        const collector = begun();
        for (const [index, sent] of reports.entries()) {
          for (const window of accepted(collector, partial(index + 2, sent), 1_250 + index * 250)) {
            if (window.kind === 'node') continue;
            const latencies =
              window.kind === 'served' ? window.latencyBuckets : [window.latencySeconds, window.answered];
            const amounts = [window.requests, window.failures, window.seconds, ...latencies];
            expect(amounts.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
            expect(window.seconds).toBeGreaterThan(0);
          }
        }
      }),
    );
  });
});

it('called replicas make windows of two seconds, also after a pause', () => {
  const collector = begun({ calledReplicas: [[KEY, 'geo-0', 10, 0, 0, 10, 1]] });
  const next = partial(9, { calledReplicas: [[KEY, 'geo-0', 30, 1, 1, 29, 2]] });
  expect(accepted(collector, next, 3_000)[1]).toEqual({
    kind: 'called',
    caller: 'node-1',
    service: KEY,
    replica: 'geo-0',
    at: 3_000,
    seconds: 2,
    requests: 20,
    failures: 1,
    answered: 19,
    latencySeconds: 1,
  });
  const later = partial(49, { calledReplicas: [[KEY, 'geo-0', 40, 1, 1, 39, 3]] });
  expect(accepted(collector, later, 13_000)[1]).toMatchObject({ requests: 10, seconds: 4 });
});

describe('what is known of proxies', () => {
  it('is their VMs, their table and since when, and what they left to Istio', () => {
    const collector = begun({ proxies: [['hotel/geo-0', 2, 0, 0]], held: 7, used: 0 });
    expect(collector.proxies()).toEqual([
      {
        node: 'node-1',
        namespace: 'hotel',
        pod: 'geo-0',
        vms: 2,
        tableVersion: 0,
        tableSince: 1_000,
        fallbacks: 0,
        lastSeen: 1_000,
      },
    ]);
    accepted(collector, partial(2, { proxies: [['hotel/geo-0', 2, 1, 3]], held: 9, used: 7 }), 1_250);
    accepted(collector, partial(3, { held: 9, used: 9 }), 1_500);
    expect(collector.proxies()).toMatchObject([{ tableVersion: 9, tableSince: 1_250, fallbacks: 3, lastSeen: 1_500 }]);
    accepted(collector, partial(4, { proxiesGone: ['hotel/geo-0'] }), 1_750);
    expect(collector.proxies()).toEqual([]);
  });

  it('is which replicas they leave out', () => {
    const collector = begun({ ejected: [[KEY, 'geo-0', 2]] });
    expect(collector.ejections()).toEqual([{ service: KEY, replica: 'geo-0', proxies: 2 }]);
    accepted(collector, partial(2), 1_250);
    expect(collector.ejections()).toHaveLength(1);
    accepted(collector, partial(3, { ejected: [] }), 1_500);
    expect(collector.ejections()).toEqual([]);
  });
});

it('an agent that is upgraded, or goes back a version, is known by its newest reports alone', () => {
  const collector = begun({ proxies: [['hotel/geo-0', 1, 1, 0]] });
  expect(collector.acceptOld(report('node-1', 1, { instance: 'old' }), NODES, 1_250).ok).toBe(true);
  expect(collector.proxies()).toEqual([]);
  expect(accepted(collector, nodeReport('node-1', 1, { instance: 'new' }), 1_500)).toEqual([]);
  expect(collector.lastSeen('node-1')).toBe(1_500);
});

describe('what a node is made of', () => {
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

  it('is kept from one full report to the next, and its speed is in the windows', () => {
    const collector = begun({ inventory });
    const [window] = accepted(collector, partial(2), 1_250);
    expect(window).toMatchObject({ kind: 'node', nominalSpeed: 2.4 });
    expect(collector.inventory('node-1')).toEqual(inventory);
  });

  it('is not known from agents that do not say it', () => {
    const collector = begun();
    expect(accepted(collector, partial(2), 1_250)[0]).not.toHaveProperty('nominalSpeed');
    expect(collector.inventory('node-1')).toBeUndefined();
    expect(collector.inventory('node-2')).toBeUndefined();
  });

  it('gives no speed where the machine does not tell its own', () => {
    const collector = begun({ inventory: { ...inventory, cpuGHz: null } });
    expect(accepted(collector, partial(2), 1_250)[0]).not.toHaveProperty('nominalSpeed');
  });
});
