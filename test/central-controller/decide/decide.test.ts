import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { Decision } from '../../../contract/decision.ts';
import { createDecisionMemory, decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS, type ManualWeight } from '../../../central-controller/decide/settings.ts';
import type { ServiceEstimate, Snapshot } from '../../../central-controller/model/snapshot.ts';
import { anySnapshot, nodeEstimate, replicaEstimate, serviceEstimate } from './snapshots.ts';

const NOW = 1_800_000_000_000;

function snapshotOf(services: readonly ServiceEstimate[], nodes = [nodeEstimate('a'), nodeEstimate('b')]): Snapshot {
  return { at: NOW, nodes, services };
}

/** Decides the same again and again until damping has done its work. */
function settle(snapshot: Snapshot, manual: readonly ManualWeight[] = []): Decision {
  let decision = decide(snapshot, { parameters: DEFAULT_PARAMETERS, manual }, undefined, NOW);
  for (let tick = 0; tick < 40; tick++) {
    decision = decide(snapshot, { parameters: DEFAULT_PARAMETERS, manual }, decision, NOW);
  }
  return decision;
}

const weights = (decision: Decision): number[] => decision.services[0]?.replicas.map(({ weight }) => weight) ?? [];
const replicas = (decision: Decision) => decision.services[0]?.replicas ?? [];

describe('decide', () => {
  it('gives equal replicas on equal nodes equal weights', () => {
    const decision = settle(
      snapshotOf([serviceEstimate('web', [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')])]),
    );
    weights(decision).forEach((weight) => expect(weight).toBeCloseTo(0.5, 6));
    expect(replicas(decision).map(({ state }) => state)).toEqual(['Active', 'Active']);
    expect(decision.optimalityGap).toBeLessThan(1e-6);
  });

  it('moves requests away from a neighbour, by no more than the greatest step in the first tick', () => {
    const calm = snapshotOf([serviceEstimate('web', [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')])]);
    const nodes = [nodeEstimate('a', { busyCores: 0.9, backgroundCores: 0.8 }), nodeEstimate('b')];
    const before = settle(calm);
    const policy = { parameters: DEFAULT_PARAMETERS, manual: [] };
    const after = decide({ ...calm, nodes }, policy, before, NOW);
    const [first] = replicas(after);
    expect(first?.target).toBeLessThan(0.02);
    expect(first?.weight).toBeCloseTo(0.5 - DEFAULT_PARAMETERS.maxStep, 6);
    expect(first?.limits).toContain('damped');
    expect(after.changed).toBe(true);
    expect(after.tick).toBe(before.tick + 1);
  });

  it('does not move for what is within the dead band', () => {
    const web = serviceEstimate('web', [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')]);
    const before = settle(snapshotOf([web]));
    const nodes = [nodeEstimate('a', { backgroundCores: 0.001 }), nodeEstimate('b')];
    const policy = { parameters: DEFAULT_PARAMETERS, manual: [] };
    const after = decide(snapshotOf([web], nodes), policy, before, NOW);
    expect(after.changed).toBe(false);
    expect(weights(after)).toEqual(weights(before));
    expect(replicas(after)[0]?.limits).toEqual(['deadBand']);
  });

  it('gives a replica that is not ready nothing, at once', () => {
    const ready = [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')];
    const before = settle(snapshotOf([serviceEstimate('web', ready)]));
    const gone = [replicaEstimate('web-0', 'a', { ready: false }), replicaEstimate('web-1', 'b')];
    const policy = { parameters: DEFAULT_PARAMETERS, manual: [] };
    const after = decide(snapshotOf([serviceEstimate('web', gone)]), policy, before, NOW);
    expect(weights(after)).toEqual([0, 1]);
    expect(replicas(after)[0]?.state).toBe('NotReady');
  });

  it('counts what a replica that is not ready takes of its node, as that of any neighbour', () => {
    const serving = [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')];
    const starting = replicaEstimate('web-2', 'a', { ready: false, cpuCores: 0.8 });
    const decision = settle(snapshotOf([serviceEstimate('web', [...serving, starting])]));
    expect(weights(decision)[0]).toBeLessThan(0.02);
    expect(decision.nodes[0]?.predictedUtilisation).toBeGreaterThan(0.75);
  });

  it('holds a replica that fails fast near the floor, though it uses no CPU', () => {
    const failing = replicaEstimate('web-0', 'a', { failureRatio: 0.9, meanLatencySeconds: 0.0001, cpuCores: 0.001 });
    const decision = settle(snapshotOf([serviceEstimate('web', [failing, replicaEstimate('web-1', 'b')])]));
    expect(weights(decision)[0]).toBeLessThan(0.002);
    expect(replicas(decision)[0]).toMatchObject({ state: 'Degraded', limits: expect.arrayContaining(['failures']) });
  });

  it('moves nothing when all replicas fail alike: the fault is behind them', () => {
    const web = [0, 1].map((index) => replicaEstimate(`web-${index}`, 'ab'[index] ?? '', { failureRatio: 0.5 }));
    weights(settle(snapshotOf([serviceEstimate('web', web)]))).forEach((weight) => expect(weight).toBeCloseTo(0.5, 6));
  });

  it('spares a replica that is slow beyond what CPU explains, and not one that is a little slower', () => {
    const slow = (seconds: number): Decision =>
      settle(
        snapshotOf([
          serviceEstimate('web', [
            replicaEstimate('web-0', 'a', { meanLatencySeconds: seconds, nonCpuSeconds: seconds - 0.0015 }),
            replicaEstimate('web-1', 'b'),
          ]),
        ]),
      );
    expect(weights(slow(0.032))[0]).toBeLessThan(0.01);
    expect(weights(slow(0.032))[0]).toBeGreaterThan(0.002);
    expect(replicas(slow(0.032))[0]).toMatchObject({ state: 'Degraded', limits: expect.arrayContaining(['slow']) });
    expect(weights(slow(0.0024))[0]).toBeCloseTo(0.5, 6);
  });

  it('keeps weights equal while it learns', () => {
    const unknown = { evidence: 1, cpuPerRequestSeconds: 0.01 };
    const nodes = [nodeEstimate('a', { backgroundCores: 0.9 }), nodeEstimate('b')];
    const web = [replicaEstimate('web-0', 'a', unknown), replicaEstimate('web-1', 'b', unknown)];
    const decision = settle(snapshotOf([serviceEstimate('web', web)], nodes));
    expect(weights(decision)).toEqual([0.5, 0.5]);
    expect(replicas(decision).map(({ state }) => state)).toEqual(['Learning', 'Learning']);
  });

  it('raises a new replica by its age', () => {
    const share = (knownForMs: number): number => {
      const web = [replicaEstimate('web-0', 'a', { knownForMs }), replicaEstimate('web-1', 'b')];
      return weights(settle(snapshotOf([serviceEstimate('web', web)])))[0] ?? 0;
    };
    expect(share(1000)).toBeLessThan(0.15);
    expect(share(5000)).toBeGreaterThan(share(1000));
    expect(share(20_000)).toBeCloseTo(0.5, 6);
  });

  it('lets a silent replica go to the equal share, not to zero', () => {
    const nodes = [nodeEstimate('a', { backgroundCores: 0.8 }), nodeEstimate('b')];
    const share = (ageMs: number): number => {
      const web = [replicaEstimate('web-0', 'a', { ageMs }), replicaEstimate('web-1', 'b')];
      return weights(settle(snapshotOf([serviceEstimate('web', web)], nodes)))[0] ?? 0;
    };
    expect(share(500)).toBeLessThan(0.02);
    expect(share(10_000)).toBeGreaterThan(0.1);
    expect(share(300_000)).toBeCloseTo(0.5, 1);
  });

  it('obeys a weight set by hand until it expires', () => {
    const web = ['a', 'b', 'a'].map((node, index) => replicaEstimate(`web-${index}`, node));
    const byHand = { namespace: 'shop', service: 'web', replica: 'web-1', weight: 0.1, expiresAt: NOW + 1 };
    const decision = settle(snapshotOf([serviceEstimate('web', web)]), [byHand]);
    expect(weights(decision)[1]).toBe(0.1);
    expect(weights(decision)[0]).toBeCloseTo(0.45, 6);
    expect(replicas(decision)[1]?.limits).toEqual(['manual']);
    const expired = settle(snapshotOf([serviceEstimate('web', web)]), [{ ...byHand, expiresAt: NOW }]);
    expect(weights(expired)[1]).toBeGreaterThan(0.3);
  });

  it('gives a new replica its floor of what a weight set by hand leaves', () => {
    const web = ['a', 'b', 'a'].map((node, index) => replicaEstimate(`web-${index}`, node));
    const manual = [{ namespace: 'shop', service: 'web', replica: 'web-1', weight: 1 - 1e-9, expiresAt: NOW + 1 }];
    const policy = { parameters: DEFAULT_PARAMETERS, manual };
    const before = decide(snapshotOf([serviceEstimate('web', web.slice(0, 1))]), policy, undefined, NOW);
    const after = decide(snapshotOf([serviceEstimate('web', web)]), policy, before, NOW);
    expect(weights(after)[2]).toBeGreaterThan(0.9 * DEFAULT_PARAMETERS.floor * 5e-10);
  });

  it('draws an uncertain service toward equal', () => {
    const nodes = [nodeEstimate('a', { backgroundCores: 0.4 }), nodeEstimate('b')];
    const share = (cpuPerRequestDeviation: number): Decision => {
      const web = ['a', 'b'].map((node, i) => replicaEstimate(`web-${i}`, node, { cpuPerRequestDeviation }));
      return settle(snapshotOf([serviceEstimate('web', web)], nodes));
    };
    expect(weights(share(0.0005))[0] ?? 0).toBeGreaterThan((weights(share(0))[0] ?? 0) + 0.02);
    expect(replicas(share(0.0005))[0]?.limits).toContain('shrunk');
  });

  it('takes a service that is only observed as load, and says what it would do with it', () => {
    const heavy = { requestsPerSecond: 500, cpuCores: 0.5 };
    const observed = serviceEstimate('batch', [replicaEstimate('batch-0', 'a', heavy)], { mode: 'Observe' });
    const web = serviceEstimate('web', [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')]);
    const decision = settle(snapshotOf([web, observed]));
    expect(weights(decision)[0]).toBeLessThan(0.2);
    expect(decision.services[1]).toMatchObject({ mode: 'Observe', replicas: [{ weight: 1 }] });
  });
});

describe('decide, beside a service that is only observed', () => {
  it('counts what its pods use without requests once: the background of the node has it', () => {
    const target = (idleCores: number): number => {
      const busy = { requestsPerSecond: 0, cpuCores: 0.3, idleCores };
      const observed = serviceEstimate('batch', [replicaEstimate('batch-0', 'a', busy)], { mode: 'Observe' });
      const web = serviceEstimate('web', [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')]);
      const nodes = [nodeEstimate('a', { busyCores: 0.5, backgroundCores: idleCores }), nodeEstimate('b')];
      return (
        decide(snapshotOf([web, observed], nodes), { parameters: DEFAULT_PARAMETERS, manual: [] }, undefined, NOW)
          .services[0]?.replicas[0]?.target ?? NaN
      );
    };
    expect(target(0.3)).toBeCloseTo(target(0), 6);
  });
});

describe('decide, any snapshot', () => {
  const anyPolicy = fc.array(
    fc.record({
      namespace: fc.constantFrom('x', 'y'),
      service: fc.constantFrom('p', 'q', 'r'),
      replica: fc.constantFrom('p-0', 'p-1', 'p-2'),
      weight: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double()),
      expiresAt: fc.constantFrom(NOW - 1, NOW + 1),
    }),
    { maxLength: 3 },
  );

  it('makes a decision that is whole: finite, weights sum to 1, each at least its floor', () => {
    fc.assert(
      fc.property(fc.array(anySnapshot, { minLength: 1, maxLength: 3 }), anyPolicy, (snapshots, manual) => {
        let decision: Decision | undefined;
        const memory = createDecisionMemory();
        for (const snapshot of snapshots) {
          decision = decide(snapshot, { parameters: DEFAULT_PARAMETERS, manual }, decision, NOW, memory);
          expect(Value.Errors(Decision, decision)).toEqual([]);
          expect(decision.optimalityGap).toBeLessThan(1e-6);
          for (const { replicas } of decision.services) {
            const ready = replicas.filter(({ state }) => state !== 'NotReady');
            if (ready.length === 0) continue;
            expect(replicas.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);
            const byHand = replicas.filter(({ limits }) => limits.includes('manual'));
            const left = 1 - byHand.reduce((sum, { weight }) => sum + weight, 0);
            const open = ready.filter((replica) => !byHand.includes(replica));
            for (const { weight } of open) {
              const floor = (DEFAULT_PARAMETERS.floor * left) / open.length;
              // Sums of weights round, each in its last digits.
              expect(weight).toBeGreaterThanOrEqual(0.5 * floor * (1 - 1e-12));
            }
          }
        }
      }),
      { numRuns: 1000 },
    );
  });
});
