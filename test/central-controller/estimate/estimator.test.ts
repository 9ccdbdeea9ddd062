import { describe, expect, it } from 'vitest';
import type { Topology } from '../../../central-controller/model/topology.ts';
import { createEstimates, type Estimates } from '../../../central-controller/estimate/estimates.ts';
import { observe } from '../../../central-controller/estimate/estimator.ts';
import { snapshot } from '../../../central-controller/estimate/take-snapshot.ts';
import { NEVER_MS, type ReplicaEstimate, type Snapshot } from '../../../central-controller/model/snapshot.ts';
import { calledWindow, nodeWindow, replica, service, servedWindow, START, topology } from './windows.ts';

const two = topology([service([replica('web-0', 'a'), replica('web-1', 'a')])]);

function knowing(known: Topology): Estimates {
  const estimates = createEstimates();
  snapshot(estimates, known, START);
  return estimates;
}

/** `seconds` of steady traffic: web-0 at 100 requests/s of 2 ms CPU, web-1 at 50 of the same. */
function runSteadily(estimates: Estimates, seconds: number, from = START): number {
  let at = from;
  for (let second = 0; second < seconds; second++) {
    for (let quarter = 1; quarter <= 4; quarter++) {
      observe(estimates, nodeWindow(at + quarter * 250, { 'web-0': 0.05, 'web-1': 0.025 }, 0.1));
    }
    at += 1000;
    observe(estimates, servedWindow('web-0', at));
    observe(estimates, servedWindow('web-1', at, { requests: 50, inFlightSeconds: 0.2 }));
  }
  return at;
}

function replicaOf(taken: Snapshot, index = 0): ReplicaEstimate {
  const found = taken.services[0]?.replicas[index];
  if (!found) throw new Error(`no replica ${index}`);
  return found;
}

describe('snapshot', () => {
  it('says that nothing is known before anything was heard', () => {
    const taken = snapshot(createEstimates(), two, START + 5000);
    expect(taken.nodes[0]).toEqual({
      name: 'a',
      cores: 0,
      busyCores: 0,
      backgroundCores: 0,
      stealCores: 0,
      ageMs: NEVER_MS,
    });
    expect(replicaOf(taken)).toMatchObject({ evidence: 0, cpuPerRequestSeconds: 0, ageMs: NEVER_MS, knownForMs: 5000 });
  });

  it('tells CPU per request, rates, latency and the background', () => {
    const estimates = knowing(two);
    const now = runSteadily(estimates, 20);
    const taken = snapshot(estimates, two, now);
    expect(taken.nodes[0]).toMatchObject({ cores: 1, busyCores: expect.closeTo(0.4, 9), ageMs: 0 });
    expect(taken.nodes[0]?.backgroundCores).toBeCloseTo(0.1, 9);
    expect(taken.services[0]?.requestsPerSecond).toBeCloseTo(150, 6);
    const first = replicaOf(taken);
    expect(first.cpuPerRequestSeconds).toBeCloseTo(0.002, 9);
    expect(first.cpuCores).toBeCloseTo(0.2, 6);
    expect(first.meanLatencySeconds).toBeCloseTo(0.004, 9);
    expect(first.meanInFlight).toBeCloseTo(0.4, 6);
    expect(first.evidence).toBeGreaterThan(1000);
    expect(first.cpuPerRequestDeviation).toBeLessThan(0.0001);
  });

  it('counts as non-CPU latency what neither CPU nor waiting for it explains, and only in calm moments', () => {
    const estimates = knowing(two);
    const now = runSteadily(estimates, 20);
    const calm = replicaOf(snapshot(estimates, two, now));
    // 4 ms, less 2 ms of CPU and the waiting at a utilisation of 0.4, 2/3 of that in one server.
    expect(calm.nonCpuSeconds).toBeGreaterThan(0.0004);
    expect(calm.nonCpuSeconds).toBeLessThan(0.002);
    for (let quarter = 1; quarter <= 4; quarter++) observe(estimates, nodeWindow(now + quarter * 250, {}, 0.25));
    observe(estimates, servedWindow('web-0', now + 1000, { inFlightSeconds: 40 }));
    const busy = replicaOf(snapshot(estimates, two, now + 1000));
    expect(busy.meanLatencySeconds).toBeGreaterThan(0.05);
    expect(busy.nonCpuSeconds).toBeCloseTo(calm.nonCpuSeconds, 9);
    expect(busy.nonCpuEvidence).toBeLessThan(calm.nonCpuEvidence);
  });

  it('counts the time of a request that takes longer than a window', () => {
    const estimates = knowing(two);
    for (let second = 1; second <= 3; second++) {
      const ended = second === 3 ? 1 : 0;
      observe(estimates, servedWindow('web-0', START + 1000 * second, { requests: ended, inFlightSeconds: 1 }));
    }
    expect(replicaOf(snapshot(estimates, two, START + 3000)).meanLatencySeconds).toBeCloseTo(3, 9);
  });

  it('lets a replica that serves little borrow from its peers', () => {
    const estimates = knowing(two);
    const now = runSteadily(estimates, 20);
    const three = topology([service([replica('web-0', 'a'), replica('web-1', 'a'), replica('web-2', 'a')])]);
    snapshot(estimates, three, now);
    observe(estimates, nodeWindow(now + 250, { 'web-2': 0.02 }, 0.1));
    observe(estimates, servedWindow('web-2', now + 400, { requests: 1, seconds: 0.4 }));
    const taken = snapshot(estimates, three, now + 500);
    expect(replicaOf(taken, 2).cpuPerRequestSeconds).toBeCloseTo(0.002, 3);
  });

  it('takes the CPU of a service that is not balanced for background', () => {
    const off = topology([service([replica('web-0', 'a'), replica('web-1', 'a')], { mode: 'Off' })]);
    const estimates = knowing(off);
    const now = runSteadily(estimates, 5);
    expect(snapshot(estimates, off, now).nodes[0]?.backgroundCores).toBeCloseTo(0.4, 9);
  });

  it('hands on what the policy says of weights', () => {
    const says = { objective: 'level', shareWeight: 3, cpuControl: 'BOTH', limits: { minWeight: 0.5 } } as const;
    const told = topology([service([replica('web-0', 'a')], says)]);
    expect(snapshot(knowing(told), told, START).services).toMatchObject([says]);
  });

  it('knows of a neighbour from its first full window', () => {
    const estimates = knowing(two);
    const now = runSteadily(estimates, 10);
    observe(estimates, nodeWindow(now + 250, { 'web-0': 0.05, 'web-1': 0.025 }, 0.225));
    expect(snapshot(estimates, two, now + 250).nodes[0]?.backgroundCores).toBeCloseTo(0.6, 9);
  });

  it('counts failures, and forgets them when nothing more is heard', () => {
    const estimates = knowing(two);
    const now = runSteadily(estimates, 5);
    for (let second = 1; second <= 5; second++) {
      observe(estimates, servedWindow('web-0', now + second * 1000, { failures: 50 }));
    }
    const ratio = (at: number): number => replicaOf(snapshot(estimates, two, at)).failureRatio;
    expect(ratio(now + 5000)).toBeGreaterThan(0.2);
    expect(ratio(now + 90_000)).toBeLessThan(0.01);
    expect(replicaOf(snapshot(estimates, two, now + 5000), 1).failureRatio).toBe(0);
  });

  it('does not take failures that cost nothing for cheap requests', () => {
    const estimates = knowing(two);
    let at = START;
    for (let second = 0; second < 20; second++) {
      for (let quarter = 1; quarter <= 4; quarter++) {
        observe(estimates, nodeWindow(at + quarter * 250, { 'web-0': 0.025 }, 0.1));
      }
      at += 1000;
      observe(estimates, servedWindow('web-0', at, { requests: 1000, failures: 950 }));
    }
    expect(replicaOf(snapshot(estimates, two, at)).cpuPerRequestSeconds).toBeCloseTo(0.002, 9);
  });

  it('uses what callers counted where the replica has no proxy of its own', () => {
    const estimates = knowing(two);
    let at = START;
    for (let second = 0; second < 20; second++) {
      for (let quarter = 1; quarter <= 4; quarter++) {
        observe(estimates, nodeWindow(at + quarter * 250, { 'web-0': 0.05 }, 0.1));
      }
      at += 1000;
      observe(estimates, calledWindow('web-0', at, { caller: 'node-0' }));
      observe(estimates, calledWindow('web-0', at, { caller: 'node-1' }));
    }
    const first = replicaOf(snapshot(estimates, two, at));
    expect(first.requestsPerSecond).toBeCloseTo(100, 6);
    expect(first.cpuPerRequestSeconds).toBeCloseTo(0.002, 3);
    expect(first.meanLatencySeconds).toBeCloseTo(0.168 / 50, 9);
    expect(first.ageMs).toBe(0);
  });

  it('takes the least of the limits that are known, and a throttled replica for limited to what it uses', () => {
    const limited = topology([service([replica('web-0', 'a', { limitCores: 0.5 }), replica('web-1', 'a')])]);
    const estimates = knowing(limited);
    const window = nodeWindow(START + 250, { 'web-0': 0.05, 'web-1': 0.05 }, 0.1);
    const [first, second] = window.replicas;
    if (!first || !second) throw new Error('two replicas');
    const throttled = { ...second, throttledSeconds: 0.1 };
    observe(estimates, { ...window, replicas: [{ ...first, limitCores: 0.3 }, throttled] });
    const taken = snapshot(estimates, limited, START + 250);
    expect(replicaOf(taken, 0).limitCores).toBe(0.3);
    expect(replicaOf(taken, 1).limitCores).toBeCloseTo(0.2, 9);
    expect(replicaOf(snapshot(estimates, limited, START + 60_000), 1).limitCores).toBeUndefined();
  });

  it('passes on what a replica requests', () => {
    const requesting = topology([service([replica('web-0', 'a', { requestCores: 0.5 }), replica('web-1', 'a')])]);
    const taken = snapshot(knowing(requesting), requesting, START);
    expect(taken.services[0]?.replicas.map(({ requestCores }) => requestCores)).toEqual([0.5, undefined]);
  });

  it('counts what balanced replicas use without requests as background, but not of one whose process is gone', () => {
    const estimates = knowing(two);
    let at = START;
    for (let second = 0; second < 60; second++) {
      const requests = 10 + 8 * Math.round(Math.sin(second / 5));
      for (let quarter = 1; quarter <= 4; quarter++) {
        const cpuSeconds = (0.02 + 0.001 * requests) / 4;
        observe(estimates, nodeWindow(at + quarter * 250, { 'web-0': cpuSeconds, 'web-1': cpuSeconds }, 0.1));
      }
      at += 1000;
      for (const name of ['web-0', 'web-1']) observe(estimates, servedWindow(name, at, { requests }));
    }
    const taken = snapshot(estimates, two, at);
    const idle = replicaOf(taken).idleCores;
    expect(idle).toBeCloseTo(0.02, 2);
    const others = 0.4 - replicaOf(taken).cpuCores - replicaOf(taken, 1).cpuCores;
    expect(taken.nodes[0]?.backgroundCores).toBeGreaterThan(others + idle);
    for (let quarter = 1; quarter <= 80; quarter++) {
      observe(estimates, nodeWindow(at + quarter * 250, { 'web-0': 0, 'web-1': 0.005 }, 0.1));
    }
    expect(replicaOf(snapshot(estimates, two, at + 20_000)).idleCores).toBeLessThan(0.001);
  });

  it('does not take a quota that Ballast set for a limit of the replica', () => {
    const estimates = knowing(two);
    const window = nodeWindow(START + 250, { 'web-0': 0.05, 'web-1': 0.05 }, 0.1);
    const replicas = window.replicas.map((one) => ({ ...one, throttledSeconds: 0.2, grantedCores: 0.2 }));
    observe(estimates, { ...window, replicas });
    expect(replicaOf(snapshot(estimates, two, START + 250), 0).limitCores).toBeUndefined();
  });

  it('keeps the cost of a pod that was made anew, not its health', () => {
    const estimates = knowing(two);
    const now = runSteadily(estimates, 10);
    observe(estimates, servedWindow('web-0', now + 1000, { failures: 100 }));
    const remade = topology([service([replica('web-0', 'a', { uid: 'other' }), replica('web-1', 'a')])]);
    const first = replicaOf(snapshot(estimates, remade, now + 1000));
    expect(first.failureRatio).toBe(0);
    expect(first.evidence).toBeGreaterThan(100);
    expect(first.cpuPerRequestSeconds).toBeCloseTo(0.002, 6);
  });

  it('fades the rate of a replica that went silent, and forgets one that is gone', () => {
    const estimates = knowing(two);
    const now = runSteadily(estimates, 5);
    const silent = replicaOf(snapshot(estimates, two, now + 30_000));
    expect(silent.requestsPerSecond).toBeLessThan(1);
    expect(silent.ageMs).toBe(30_000);
    snapshot(estimates, topology([], []), now);
    expect(estimates.replicas.size + estimates.nodes.size + estimates.rowOfUid.size + estimates.callers.size).toBe(0);
  });

  it('ignores windows of pods and nodes that nobody knows, and windows without length', () => {
    const estimates = knowing(two);
    observe(estimates, servedWindow('nobody', START + 1000));
    observe(estimates, calledWindow('nobody', START + 1000, { service: '80|example.org' }));
    observe(estimates, { ...nodeWindow(START + 250, {}, 0.1), seconds: 0 });
    observe(estimates, servedWindow('web-0', START + 1000, { seconds: 0 }));
    expect(snapshot(estimates, two, START + 1000)).toEqual(snapshot(knowing(two), two, START + 1000));
  });
});
