import { describe, expect, it } from 'vitest';
import type { Decision, ReplicaDecision } from '../../../contract/decision.ts';
import { decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';
import { createEstimates } from '../../../central-controller/estimate/estimates.ts';
import { observe } from '../../../central-controller/estimate/estimator.ts';
import { snapshot } from '../../../central-controller/estimate/take-snapshot.ts';
import { nodeWindow, replica, servedWindow, service, START, topology } from '../estimate/windows.ts';
import { runLoop } from './closed-loop.ts';

/** What web-0, on node a, does in one second; web-1, on node b, is calm all the time. */
interface Second {
  /** Of node a. */
  readonly utilisation: number;
  readonly requests: number;
  readonly latency: number;
}

/** Decides after each second of a history of web-0 and returns what was decided of it. */
function follow(history: readonly Second[]): ReplicaDecision[] {
  const shop = topology([service([replica('web-0', 'a'), replica('web-1', 'b')])]);
  const estimates = createEstimates();
  let decision: Decision | undefined;
  return history.map(({ utilisation, requests, latency }, second) => {
    const from = START + 1000 * second;
    snapshot(estimates, shop, from);
    for (let at = from + 250; at <= from + 1000; at += 250) {
      observe(estimates, nodeWindow(at, { 'web-0': requests * 0.0005 }, utilisation / 4));
      observe(estimates, { ...nodeWindow(at, { 'web-1': 0.05 }, 0.1), node: 'b' });
    }
    const at = from + 1000;
    observe(estimates, servedWindow('web-0', at, { requests, inFlightSeconds: requests * latency }));
    observe(estimates, servedWindow('web-1', at));
    decision = decide(snapshot(estimates, shop, at), { parameters: DEFAULT_PARAMETERS, manual: [] }, decision, at);
    const [first] = decision.services[0]?.replicas ?? [];
    if (!first) throw new Error('no decision');
    return first;
  });
}

const seconds = (count: number, second: Second): Second[] => Array.from({ length: count }, () => second);

describe('a replica that was slow while its node was saturated', () => {
  const backlog = [
    ...seconds(15, { utilisation: 0.4, requests: 100, latency: 0.004 }),
    ...seconds(8, { utilisation: 1, requests: 100, latency: 0.4 }),
  ];

  it('is not judged by its backlog, neither then nor when it gets nothing by which to show better', () => {
    const decisions = follow([...backlog, ...seconds(20, { utilisation: 0.7, requests: 0, latency: 0 })]);
    decisions.forEach(({ state, limits }) => expect([state, limits.includes('slow')]).toEqual(['Active', false]));
  });

  it('is not judged by the requests that waited and ended only when the node was free again', () => {
    const decisions = follow([...backlog, ...seconds(20, { utilisation: 0.4, requests: 2, latency: 0.4 }).slice(0, 1)]);
    expect(decisions.at(-1)?.limits).not.toContain('slow');
  });
});

describe('a replica of which one request is known', () => {
  it('is not judged by it, though it took sixteen times as long as those of the others', () => {
    const cold = seconds(1, { utilisation: 0.1, requests: 1, latency: 0.049 });
    const decisions = follow([...cold, ...seconds(20, { utilisation: 0.1, requests: 0, latency: 0 })]);
    decisions.forEach(({ limits }) => expect(limits).not.toContain('slow'));
  });
});

describe('a replica that was slow on a node that was not', () => {
  const slow = [
    ...seconds(15, { utilisation: 0.4, requests: 100, latency: 0.004 }),
    ...seconds(8, { utilisation: 0.4, requests: 100, latency: 0.064 }),
  ];

  it('is held back within five seconds', () => {
    expect(follow(slow)[19]?.state).toBe('Degraded');
  });

  it('stays so while what it answers is slow', () => {
    const decisions = follow([...slow, ...seconds(60, { utilisation: 0.4, requests: 1, latency: 0.064 })]);
    decisions.slice(22).forEach(({ state, weight }) => {
      expect(state).toBe('Degraded');
      expect(weight).toBeLessThan(0.02);
    });
  });

  it('is back some seconds after the few requests that it still gets are quick', () => {
    const decisions = follow([...slow, ...seconds(10, { utilisation: 0.2, requests: 1, latency: 0.004 })]);
    expect(decisions.at(-1)?.limits).not.toContain('slow');
    expect(decisions.at(-1)?.weight).toBeGreaterThan(0.3);
  });

  it('is not held back for long by what nothing confirms', () => {
    const decisions = follow([...slow, ...seconds(30, { utilisation: 0.4, requests: 0, latency: 0 })]);
    expect(decisions.at(-1)?.limits).not.toContain('slow');
  });
});

describe('the loop, with a replica that waits for something else 16 times as long as it computes', () => {
  const CORES = 0.35;
  const SLOW_MS = 20_000;
  const WELL_MS = 100_000;
  const services = [
    { nodes: [0, 1, 2], cost: 0.002, rate: 100 },
    { nodes: [0, 1, 3], cost: 0.0015, rate: 120 },
    { nodes: [1, 2, 3], cost: 0.001, rate: 50 },
    { nodes: [0, 2, 3], cost: 0.001, rate: 100 },
  ];

  it.each([
    [0, 1],
    [0, 2],
    [1, 1],
    [1, 2],
    [2, 1],
    [2, 2],
  ])(
    'pulls it down, goes on asking it, and neither sinks requests in it nor cycles (service %i, seed %i)',
    (s, seed) => {
      const states = runLoop({
        cores: [CORES, CORES, CORES, CORES],
        services: services.map(({ nodes, cost, rate }, index) => ({
          name: `service-${index}`,
          nodes,
          cost,
          requestsPerSecond: () => rate,
          hidden: (r, ms) => (index === s && r === 0 && ms >= SLOW_MS && ms < WELL_MS ? 16 * cost : 0),
        })),
        background: () => 0.1,
        noise: 0.2,
        seed,
        untilMs: WELL_MS + 10_000,
      });
      const share = (from: number, to: number): number[] =>
        states.filter(({ ms }) => ms >= from && ms < to).map(({ weights }) => weights[s]?.[0] ?? 0);
      const held = share(SLOW_MS + 8000, WELL_MS);
      expect(held.reduce((sum, weight) => sum + weight, 0) / held.length).toBeLessThan(0.02);
      expect(held.filter((weight) => weight > 0.05).length).toBeLessThan(0.03 * held.length);
      expect(Math.min(...share(WELL_MS + 8000, WELL_MS + 10_000))).toBeGreaterThan(0.2);
    },
  );
});
