import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Collector } from '../../../../central-controller/collect/collector.ts';
import type { Window } from '../../../../central-controller/model/windows.ts';
import type { AgentReport } from '../../../../contract/report.ts';
import { called, proxy, report, served } from '../../fixtures.ts';

const nodes = new Set(['node-1']);

function accepted(collector: Collector, message: AgentReport, now: number): readonly Window[] {
  const result = collector.acceptOld(message, nodes, now);
  if (!result.ok) throw new Error(result.failure.message);
  return result.value.windows;
}

function refusal(collector: Collector, message: AgentReport, now: number) {
  const result = collector.acceptOld(message, nodes, now);
  return result.ok ? undefined : result.failure;
}

describe('reports of an agent', () => {
  it('are subtracted, and the first of an agent says nothing', () => {
    const collector = new Collector();
    const replica = {
      uid: 'a',
      cpuSeconds: 1,
      throttledSeconds: 0.5,
      pressureSeconds: 2,
      limitCores: 0.5,
      grantedCores: 0.4,
    };
    expect(accepted(collector, report('node-1', 1, { replicas: [replica] }), 1000)).toEqual([]);
    const next = { ...replica, cpuSeconds: 1.25, throttledSeconds: 0.75, pressureSeconds: 0 };
    expect(accepted(collector, report('node-1', 2, { replicas: [next] }), 1250)).toEqual([
      {
        kind: 'node',
        node: 'node-1',
        at: 1250,
        seconds: 0.25,
        cores: 1,
        busySeconds: 0.125,
        stealSeconds: 0,
        replicas: [
          {
            uid: 'a',
            cpuSeconds: 0.25,
            throttledSeconds: 0.25,
            limitCores: 0.5,
            grantedCores: 0.4,
          },
        ],
      },
    ]);
  });

  it('that are lost only make the window longer', () => {
    const collector = new Collector();
    accepted(collector, report('node-1', 1), 1000);
    expect(accepted(collector, report('node-1', 9), 3000)).toMatchObject([{ seconds: 2, busySeconds: 1 }]);
  });

  it('of a new agent start anew, and the replaced one is not heard any more', () => {
    const collector = new Collector();
    accepted(collector, report('node-1', 100), 1000);
    expect(accepted(collector, report('node-1', 1, { instance: 'second' }), 1250)).toEqual([]);
    expect(accepted(collector, report('node-1', 2, { instance: 'second' }), 1500)).toHaveLength(1);
    expect(refusal(collector, report('node-1', 101), 1500)).toMatchObject({
      code: 'STALE_REPORT',
      message: expect.stringContaining('instance') as string,
    });
  });

  it.each([
    ['of an unknown node', report('node-9', 3), 'UNKNOWN_NODE', 'node'],
    ['that come twice', report('node-1', 2), 'STALE_REPORT', 'sequence'],
    ['that travel back in time', report('node-1', 3, { monotonicMs: 1 }), 'STALE_REPORT', 'monotonicMs'],
    ['that travel ahead in time', report('node-1', 3, { monotonicMs: 9e9 }), 'STALE_REPORT', 'monotonicMs'],
    [
      'whose node used less CPU than before',
      report('node-1', 3, { cpu: { cores: 1, busySeconds: 0, stealSeconds: 0 } }),
      'MALFORMED_REPORT',
      'cpu.busySeconds',
    ],
    [
      'that name a replica twice',
      report('node-1', 3, { replicas: ['a', 'a'].map((uid) => ({ uid, cpuSeconds: 1, throttledSeconds: 0 })) }),
      'MALFORMED_REPORT',
      'replicas',
    ],
  ])('%s are refused, name the field and change nothing', (_case, bad, code, field) => {
    const build = (): Collector => {
      const collector = new Collector();
      for (const sequence of [1, 2]) {
        const replicas = [{ uid: 'a', cpuSeconds: sequence, throttledSeconds: 0 }];
        accepted(collector, report('node-1', sequence, { replicas }), sequence * 250);
      }
      return collector;
    };
    const collector = build();
    expect(refusal(collector, bad, 750)).toMatchObject({ code, message: expect.stringContaining(field) as string });
    const next = report('node-1', 4, { replicas: [{ uid: 'a', cpuSeconds: 5, throttledSeconds: 0 }] });
    expect(accepted(collector, next, 1000)).toEqual(accepted(build(), next, 1000));
  });

  it('leave out the replica whose counter fell, and count what it uses from then on', () => {
    const collector = new Collector();
    const replicas = (a: number, b: number) =>
      [a, b].map((cpuSeconds, index) => ({ uid: 'ab'.charAt(index), cpuSeconds, throttledSeconds: 0 }));
    accepted(collector, report('node-1', 1, { replicas: replicas(50, 1) }), 250);
    const result = collector.acceptOld(report('node-1', 2, { replicas: replicas(3, 2) }), nodes, 500);
    expect(result).toMatchObject({
      value: {
        windows: [{ busySeconds: 0.125, replicas: [{ uid: 'b', cpuSeconds: 1 }] }],
        fallen: ['replicas[0].cpuSeconds: fell from 50 to 3'],
      },
    });
    const next = report('node-1', 3, { replicas: replicas(3.5, 4) });
    expect(accepted(collector, next, 750)).toMatchObject([{ replicas: [{ cpuSeconds: 0.5 }, { cpuSeconds: 2 }] }]);
  });

  it('are taken again after a silence, so that a counter that was reset does not shut a node out for good', () => {
    const collector = new Collector();
    accepted(collector, report('node-1', 1000), 1000);
    expect(refusal(collector, report('node-1', 1), 1250)).toBeDefined();
    expect(accepted(collector, report('node-1', 2), 40_000)).toEqual([]);
    expect(accepted(collector, report('node-1', 3), 40_250)).toHaveLength(1);
  });

  it('add up to the truth whatever is lost, repeated or late', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 41, maxLength: 41 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }),
        (usage, arrivals) => {
          const counter = (sequence: number): number =>
            usage.slice(0, sequence + 1).reduce((sum, used) => sum + used, 0);
          const collector = new Collector();
          let first: number | undefined;
          let newest = 0;
          let busy = 0;
          for (const [index, sequence] of arrivals.entries()) {
            const cpu = { cores: 4, busySeconds: counter(sequence), stealSeconds: 0 };
            const result = collector.acceptOld(report('node-1', sequence, { cpu }), nodes, index * 250);
            expect(result.ok).toBe(sequence > newest);
            if (!result.ok) continue;
            first ??= sequence;
            newest = sequence;
            for (const window of result.value.windows) if (window.kind === 'node') busy += window.busySeconds;
          }
          if (first !== undefined) expect(busy).toBeCloseTo(counter(newest) - counter(first), 9);
        },
      ),
    );
  });
});

describe('statistics of proxies', () => {
  it('become windows of what was served and called since the last', () => {
    const collector = new Collector();
    const at = (sequence: number, requests: number) =>
      report('node-1', sequence, {
        proxies: [
          proxy('geo-0', sequence, {
            served: served(requests),
            called: [called('rate-1', 2 * requests, { unreached: 1 })],
          }),
        ],
      });
    accepted(collector, at(1, 100), 1000);
    const windows = accepted(collector, at(5, 150), 2000).filter(({ kind }) => kind !== 'node');
    expect(windows).toMatchObject([
      { kind: 'served', namespace: 'hotel', replica: 'geo-0', at: 2000, seconds: 1, requests: 50, inFlight: 1 },
      {
        kind: 'called',
        caller: 'hotel/geo-0',
        replica: 'rate-1',
        seconds: 1,
        requests: 100,
      },
    ]);
    expect(windows[0]).toMatchObject({ inFlightSeconds: expect.closeTo(0.2, 9) as number });
  });

  it('with the same sequence are nothing new', () => {
    const collector = new Collector();
    const proxies = [proxy('geo-0', 7, { served: served(10) })];
    accepted(collector, report('node-1', 1, { proxies }), 1000);
    expect(accepted(collector, report('node-1', 2, { proxies }), 1250).map(({ kind }) => kind)).toEqual(['node']);
  });

  it('of all workers of one proxy make one window', () => {
    const collector = new Collector();
    const worker = (instance: string, sequence: number, requests: number) => [
      proxy('geo-0', sequence, { instance, served: served(requests) }),
    ];
    accepted(collector, report('node-1', 1, { proxies: worker('a', 1, 100) }), 1000);
    accepted(collector, report('node-1', 2, { proxies: worker('b', 1, 10) }), 1250);
    const early = accepted(collector, report('node-1', 5, { proxies: worker('a', 2, 200) }), 2000);
    expect(early.map(({ kind }) => kind)).toEqual(['node']);
    const windows = accepted(collector, report('node-1', 6, { proxies: worker('b', 2, 40) }), 2250);
    expect(windows).toContainEqual(
      expect.objectContaining({ kind: 'served', requests: 130, seconds: 1.25, inFlight: 2 }),
    );
  });

  it('whose counters fell start anew from there, are named, and do not hold up the report', () => {
    const collector = new Collector();
    const at = (sequence: number, requests: number) =>
      report('node-1', sequence, { proxies: [proxy('geo-0', sequence, { served: served(requests) })] });
    accepted(collector, at(1, 100), 1000);
    const fell = collector.acceptOld(at(2, 40), nodes, 2000);
    expect(fell).toMatchObject({ ok: true, value: { fallen: ['proxies hotel/geo-0 served.requests'] } });
    expect(accepted(collector, at(3, 70), 3000)).toContainEqual(
      expect.objectContaining({ kind: 'served', requests: 30 }),
    );
  });

  it('tell which table each proxy uses and since when', () => {
    const collector = new Collector();
    const at = (sequence: number, tableVersion: number) =>
      report('node-1', sequence, { proxies: [proxy('geo-0', sequence, { tableVersion, fallbacks: sequence })] });
    accepted(collector, at(1, 5), 1000);
    accepted(collector, at(2, 5), 1250);
    expect(collector.proxies()).toMatchObject([{ tableVersion: 5, tableSince: 1000, lastSeen: 1250, fallbacks: 2 }]);
    accepted(collector, at(3, 6), 1500);
    expect(collector.proxies()).toMatchObject([{ node: 'node-1', pod: 'geo-0', tableVersion: 6, tableSince: 1500 }]);
    accepted(collector, report('node-1', 60), 20_000);
    expect(collector.proxies()).toEqual([]);
  });

  it('never make a window with negative or infinite amounts, whatever they say', () => {
    const amount = fc.oneof(fc.nat(), fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER, 1e300));
    const garbage = fc.record({
      pod: fc.constantFrom('geo-0', 'geo-1'),
      instance: fc.constantFrom('a', 'b'),
      sequence: fc.nat({ max: 30 }),
      requests: amount,
      failures: amount,
      inFlightSeconds: amount,
    });
    fc.assert(
      fc.property(fc.array(fc.array(garbage, { maxLength: 4 }), { maxLength: 30 }), (posts) => {
        const collector = new Collector();
        for (const [index, post] of posts.entries()) {
          const proxies = post.map(({ pod, instance, sequence, ...counters }) =>
            proxy(pod, sequence, {
              instance,
              served: served(counters.requests, counters),
              called: [called('rate-0', counters.failures)],
            }),
          );
          for (const window of accepted(collector, report('node-1', index + 1, { proxies }), index * 250)) {
            if (window.kind === 'node') continue;
            const latencies =
              window.kind === 'served' ? window.latencyBuckets : [window.answered, window.latencySeconds];
            const amounts = [window.requests, window.failures, window.seconds, ...latencies];
            expect(amounts.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
            expect(window.seconds).toBeGreaterThan(0);
          }
        }
      }),
    );
  });
});
