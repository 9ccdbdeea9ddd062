import { describe, expect, it } from 'vitest';
import type { ServedWindow } from '../../../central-controller/model/windows.ts';
import type { Decision, ServiceDecision } from '../../../contract/decision.ts';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { TimeSeriesHistory } from '../../../central-controller/history/time-series-history.ts';
import { decision, node, replica, service } from '../dashboard/decisions.ts';

const START = 1_000_000;

function at(seconds: number, given: Partial<Decision> = {}): Decision {
  return decision({ at: START + seconds * 1000, ...given });
}

function geo(given: Partial<ServiceDecision> = {}): ServiceDecision {
  return { ...service('geo', [replica('geo-0', 'a'), replica('geo-1', 'b')]), ...given };
}

/** Ratios and cores are kept with half precision. */
function near(value: number): number {
  return expect.closeTo(value, 3) as number;
}

/** A hundred requests in one bucket. */
function served(name: string, bucket: number): ServedWindow {
  const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, (_, index) => (index === bucket ? 100 : 0));
  const counts = { requests: 100, failures: 0, inFlight: 0, inFlightSeconds: 0, latencyBuckets };
  return { namespace: 'shop', replica: name, at: 0, seconds: 1, ...counts };
}

describe('time series', () => {
  it('are the last of each two seconds', () => {
    const history = new TimeSeriesHistory();
    for (const [seconds, busyCores] of [
      [0, 0.1],
      [0.25, 0.2],
      [1.75, 0.3],
      [2, 0.4],
    ] as const) {
      history.add(at(seconds, { nodes: [node('a', { cores: 2, busyCores, backgroundCores: 0.1, stealCores: 0 })] }));
    }
    expect(history.times()).toEqual([START, START + 2000]);
    expect(history.node('a')).toEqual({
      name: 'a',
      utilisation: [near(0.15), near(0.2)],
      background: [near(0.05), near(0.05)],
      steal: [0, 0],
    });
  });

  it('of replicas are weight and CPU, of a service what its replicas add up to', () => {
    const history = new TimeSeriesHistory();
    const replicas = [
      replica('geo-0', 'a', { weight: 0.3, cpuCores: 0.12, requestsPerSecond: 30, meanLatencySeconds: 0.01 }),
      replica('geo-1', 'b', { weight: 0.7, cpuCores: 0.2, requestsPerSecond: 10, meanLatencySeconds: 0.002 }),
    ];
    history.add(at(0, { services: [geo({ replicas, requestsPerSecond: 40 })] }));
    expect(history.replicas('shop/geo')).toEqual(['geo-0', 'geo-1']);
    expect(history.replica('shop/geo', 'geo-1')).toEqual({
      name: 'geo-1',
      weight: [near(0.7)],
      cpuCores: [near(0.2)],
    });
    expect(history.service('shop/geo')).toEqual({
      requestsPerSecond: [40],
      inFlight: [1.6],
      meanLatencySeconds: [0.008],
    });
    expect(history.service('shop/rate')).toBeUndefined();
  });

  it('are not known of a silent node, nor before and after something is there', () => {
    const history = new TimeSeriesHistory();
    history.add(at(0, { nodes: [node('a'), node('b', { stale: true })] }));
    history.add(at(2, { nodes: [node('b')] }));
    expect(history.node('a')?.utilisation).toEqual([0.5, null]);
    expect(history.node('b')?.utilisation).toEqual([null, 0.5]);
  });

  it('leave out times in which nothing was decided', () => {
    const history = new TimeSeriesHistory();
    for (const seconds of [0, 2, 100]) history.add(at(seconds));
    expect(history.times()).toEqual([0, 2, 100].map((seconds) => START + seconds * 1000));
  });

  it('are those of ten minutes, and what is gone is forgotten with its memory', () => {
    const history = new TimeSeriesHistory();
    history.add(at(-2));
    const { bytes } = history;
    history.add(at(0, { nodes: [node('only-then')] }));
    expect(history.bytes).toBeGreaterThan(bytes);
    for (let seconds = 2; seconds <= 700; seconds += 2) history.add(at(seconds));
    expect(history.times()).toHaveLength(300);
    expect(history.times()[0]).toBe(START + 102_000);
    expect(history.nodes()).not.toContain('only-then');
    expect(history.bytes).toBe(bytes);
  });
});

describe('memory', () => {
  it('of a thousand replicas is some MB, and does not grow', () => {
    const history = new TimeSeriesHistory();
    const services = Array.from({ length: 40 }, (_, index) =>
      service(
        `s-${index}`,
        Array.from({ length: 25 }, (__, number) => replica(`s-${index}-${number}`, 'a')),
      ),
    );
    history.add(at(0, { services }));
    const { bytes } = history;
    expect(bytes).toBeLessThan(2e6);
    for (let seconds = 2; seconds < 100; seconds += 2) history.add(at(seconds, { services }));
    expect(history.bytes).toBe(bytes);
  });

  it('is bounded: what does not fit is left out', () => {
    const history = new TimeSeriesHistory(10_000);
    history.add(at(0));
    expect(history.bytes).toBeLessThanOrEqual(10_000);
    expect(history.nodes()).toEqual(['node-10', 'node-2']);
    expect(history.service('shop/geo')).toBeUndefined();
  });
});

describe('a switch', () => {
  /** A minute in each stance, with other latencies and another busiest node. */
  function switched(): TimeSeriesHistory {
    const history = new TimeSeriesHistory();
    for (let seconds = 0; seconds < 120; seconds += 0.5) {
      const isOn = seconds >= 60;
      const nodes = [node('a', { busyCores: isOn ? 0.6 : 0.9 }), node('b', { busyCores: isOn ? 0.5 : 0.2 })];
      history.add(at(seconds, { nodes, services: [geo({ mode: isOn ? 'Enforce' : 'Observe' })] }));
      history.observe(served('geo-0', isOn ? 4 : 20));
    }
    return history;
  }

  it('is compared with the time before', () => {
    const [found, ...others] = switched().switches();
    expect(others).toEqual([]);
    expect(found).toMatchObject({ at: START + 60_000, name: 'geo', from: 'Observe', to: 'Enforce' });
    expect(found?.before).toMatchObject({
      seconds: 60,
      busiestNode: near(0.9),
      idlestNode: near(0.2),
    });
    expect(found?.after).toMatchObject({
      seconds: 60,
      busiestNode: near(0.6),
      idlestNode: near(0.5),
    });
    expect(found?.before?.p99Seconds).toBeCloseTo(0.25, 1);
    expect(found?.after?.p99Seconds).toBeCloseTo(0.001, 3);
    expect(found?.before?.inFlight).toBeCloseTo(1.6);
  });

  it('is a pause, too, and the next one ends what it is compared over', () => {
    const history = switched();
    for (let seconds = 120; seconds < 140; seconds += 2) {
      history.add(at(seconds, { services: [geo({ paused: { since: 0 } })] }));
    }
    const [pause, on] = history.switches();
    expect(pause).toMatchObject({ from: 'Enforce', to: 'Paused', before: { seconds: 60 }, after: { seconds: 20 } });
    expect(on?.after?.seconds).toBe(60);
  });

  it('is not judged by a few seconds, and is not where a service is new', () => {
    const history = new TimeSeriesHistory();
    history.add(at(0, { services: [] }));
    history.add(at(2, { services: [geo({ mode: 'Observe' })] }));
    history.add(at(4, { services: [geo()] }));
    expect(history.switches()).toMatchObject([{ before: null, after: null }]);
  });

  it('is forgotten after ten minutes', () => {
    const history = switched();
    for (let seconds = 120; seconds < 800; seconds += 2) history.add(at(seconds, { services: [geo()] }));
    expect(history.switches()).toEqual([]);
  });
});
