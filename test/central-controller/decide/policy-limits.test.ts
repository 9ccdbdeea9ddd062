/** What the limits of a policy do to the weights of its service. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../contract/decision.ts';
import type { PolicyLimits } from '../../../contract/policy.ts';
import { PolicySpec } from '../../../contract/policy.ts';
import { decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';
import { type WeightBounds, withinBounds } from '../../../central-controller/decide/weight-bounds.ts';
import type { NodeEstimate, ReplicaEstimate } from '../../../central-controller/model/snapshot.ts';
import { nodeEstimate, replicaEstimate, serviceEstimate } from './snapshots.ts';

const NOW = 1_800_000_000_000;
const TICK_MS = 250;
const POLICY = { parameters: DEFAULT_PARAMETERS, manual: [] };
const NAMES = ['a', 'b', 'c', 'd'];

interface Scene {
  readonly limits: PolicyLimits | undefined;
  /** Cores that others use, per node. */
  readonly background: readonly number[];
  readonly replicas?: readonly Partial<ReplicaEstimate>[];
}

/** One replica per node, decided for some ticks; all decisions. */
function run({ limits, background, replicas = [] }: Scene, ticks = 60): Decision[] {
  const nodes: NodeEstimate[] = background.map((cores, index) =>
    nodeEstimate(NAMES[index] ?? '', { backgroundCores: cores, busyCores: cores }),
  );
  const estimates = nodes.map(({ name }, index) => replicaEstimate(`web-${index}`, name, replicas[index]));
  const web = serviceEstimate('web', estimates, limits && { limits });
  const decisions: Decision[] = [];
  for (let tick = 0; tick < ticks; tick++) {
    const at = NOW + tick * TICK_MS;
    decisions.push(decide({ at, nodes, services: [web] }, POLICY, decisions.at(-1), at));
  }
  return decisions;
}

const replicasOf = (decision: Decision | undefined) => decision?.services[0]?.replicas ?? [];
const weightsOf = (decision: Decision | undefined) => replicasOf(decision).map(({ weight }) => weight);

/** One node is full of others' work. */
const NOISY = [0.9, 0, 0, 0];

describe('minWeight', () => {
  it('keeps a healthy replica at its part of the equal weight, and says so', () => {
    expect(weightsOf(run({ limits: undefined, background: NOISY }).at(-1))[0]).toBeLessThan(0.1);
    const bounded = run({ limits: { minWeight: 0.6 }, background: NOISY }).at(-1);
    expect(replicasOf(bounded)[0]).toMatchObject({
      target: expect.closeTo(0.15, 9),
      limits: expect.arrayContaining(['policyLimit']),
    });
    expect(replicasOf(bounded)[1]?.limits).not.toContain('policyLimit');
  });

  it('of 1 keeps all weights equal', () => {
    for (const weight of weightsOf(run({ limits: { minWeight: 1 }, background: NOISY }).at(-1))) {
      expect(weight).toBeCloseTo(0.25, 6);
    }
  });

  it('does not hold for a replica that fails, nor for one that is warming up', () => {
    const failing = run({ limits: { minWeight: 0.6 }, background: [0, 0, 0, 0], replicas: [{ failureRatio: 0.9 }] });
    expect(weightsOf(failing.at(-1))[0]).toBeLessThan(0.01);
    const fresh = run({ limits: { minWeight: 0.6 }, background: [0, 0, 0, 0], replicas: [{ knownForMs: 1000 }] });
    expect(replicasOf(fresh.at(-1))[0]).toMatchObject({ state: 'WarmingUp', target: expect.closeTo(0.025, 3) });
  });
});

describe('maxWeight', () => {
  it('bounds what the best replica gets; the others share the rest as before', () => {
    const background = [0, 0.7, 0.7, 0.85];
    const free = weightsOf(run({ limits: undefined, background }).at(-1));
    expect(free[0]).toBeGreaterThan(0.5);
    const last = run({ limits: { maxWeight: 1.6 }, background }).at(-1);
    const bounded = weightsOf(last);
    expect(bounded[0]).toBeCloseTo(0.4, 3);
    expect(bounded[1]).toBeCloseTo(bounded[2] ?? 0, 3);
    expect(bounded[1]).toBeGreaterThan(bounded[3] ?? 1);
    expect(replicasOf(last)[0]?.limits).toContain('policyLimit');
  });

  it('that one replica cannot reach is not what bounds it', () => {
    const [only] = replicasOf(run({ limits: { maxWeight: 2 }, background: [0.2] }).at(-1));
    expect(only).toMatchObject({ weight: 1, limits: [] });
  });
});

describe('maxStepPerSecond', () => {
  it('bounds what a weight changes within any second', () => {
    const decisions = run({ limits: { maxStepPerSecond: 0.2 }, background: NOISY }, 8);
    const first = decisions.map((decision) => weightsOf(decision)[0] ?? 0);
    for (const [index, weight] of first.slice(4).entries()) {
      expect((first[index] ?? 0) - weight).toBeCloseTo(0.2 * 0.25, 6);
    }
    expect(replicasOf(decisions.at(-1))[0]?.limits).toContain('damped');
  });

  it('holds nothing back where it is wider than what is stable anyway', () => {
    const wide = run({ limits: { maxStepPerSecond: 1000 }, background: NOISY }, 8);
    expect(wide.slice(1).map(weightsOf)).toEqual(run({ limits: undefined, background: NOISY }, 7).map(weightsOf));
  });
});

describe('warmUpSeconds', () => {
  const state = (limits: PolicyLimits | undefined, knownForMs: number) =>
    replicasOf(run({ limits, background: [0, 0, 0, 0], replicas: [{ knownForMs }] }, 2).at(-1))[0];

  it('says for how long a replica is new, and how fast its share rises', () => {
    expect(state(undefined, 20_000)?.state).toBe('Active');
    expect(state({ warmUpSeconds: 40 }, 20_000)).toMatchObject({
      state: 'WarmingUp',
      target: expect.closeTo(0.125, 3),
    });
    expect(state({ warmUpSeconds: 0 }, 10)?.state).toBe('Active');
  });

  it('does not keep a new replica from being asked soon, however full its node is', () => {
    const [fresh] = replicasOf(
      run({ limits: undefined, background: [0.95, 0, 0, 0], replicas: [{ knownForMs: 300 }] }, 2).at(-1),
    );
    expect(fresh?.state).toBe('WarmingUp');
    expect((fresh?.target ?? 0) * 100 * NAMES.length).toBeGreaterThan(2.9);
  });
});

describe('any limits', () => {
  const anyLimits: fc.Arbitrary<PolicyLimits> = fc.record(
    {
      minWeight: fc.double({ min: 0, max: 1, noNaN: true }),
      maxWeight: fc.double({ min: 1, max: 5, noNaN: true }),
      warmUpSeconds: fc.integer({ min: 0, max: 60 }),
    },
    { requiredKeys: [] },
  );

  it('are kept by the targets of all replicas that are well', () => {
    const background = fc.array(fc.double({ min: 0, max: 0.95, noNaN: true }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(anyLimits, background, (limits, cores) => {
        const replicas = replicasOf(run({ limits, background: cores }, 3).at(-1));
        const equal = 1 / replicas.length;
        expect(replicas.reduce((sum, { target }) => sum + target, 0)).toBeCloseTo(1, 9);
        for (const { target, state } of replicas) {
          if (state === 'Active') expect(target).toBeGreaterThanOrEqual((limits.minWeight ?? 0) * equal - 1e-9);
          expect(target).toBeLessThanOrEqual((limits.maxWeight ?? Infinity) * equal + 1e-9);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('that make sense are met by the projection, which leaves weights alone that meet them', () => {
    const anyBounds: fc.Arbitrary<{ weight: number; bounds: WeightBounds }[]> = fc.array(
      fc.record({
        weight: fc.double({ min: 0, max: 1, noNaN: true }),
        bounds: fc.record({
          least: fc.double({ min: 0, max: 0.1, noNaN: true }),
          most: fc.double({ min: 1, max: 3, noNaN: true }).map((most) => most / 10),
          isRaised: fc.boolean(),
        }),
      }),
      { minLength: 10, maxLength: 10 },
    );
    fc.assert(
      fc.property(anyBounds, (entries) => {
        const bounds = entries.map((entry) => entry.bounds);
        const result = withinBounds(
          entries.map(({ weight }) => weight),
          bounds,
        );
        expect(result.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 9);
        for (const [index, { least, most }] of bounds.entries()) {
          expect(result[index]).toBeGreaterThanOrEqual(least);
          expect(result[index]).toBeLessThanOrEqual(most + 1e-12);
        }
        for (const [index, weight] of withinBounds(result, bounds).entries())
          expect(weight).toBeCloseTo(result[index] ?? 0, 9);
      }),
    );
  });
});

it('names the defaults that hold where a policy sets no limits', () => {
  const { minWeight, warmUpSeconds } = PolicySpec.properties.limits.properties;
  expect(minWeight).toMatchObject({ description: expect.stringContaining(`Absent: ${DEFAULT_PARAMETERS.floor},`) });
  expect(warmUpSeconds).toMatchObject({
    description: expect.stringMatching(new RegExp(`Absent: ${DEFAULT_PARAMETERS.warmUpMs / 1000}$`)),
  });
});
