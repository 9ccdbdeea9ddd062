import fc from 'fast-check';
import { Value } from 'typebox/value';
import { describe, expect, it } from 'vitest';
import { SimulatedChange, Simulation } from '../../../contract/simulation.ts';
import { applyChanges } from '../../../central-controller/decide/apply-changes.ts';
import { decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';
import { simulate } from '../../../central-controller/decide/simulate.ts';
import type { Snapshot } from '../../../central-controller/model/snapshot.ts';
import { anySnapshot, nodeEstimate, replicaEstimate, serviceEstimate } from './snapshots.ts';

const POLICY = { parameters: DEFAULT_PARAMETERS, manual: [] };
const WEB = 'shop/web';

/** One service of 200 requests/s, 0.2 cores, on two nodes of a core each; a third node is idle. */
function shop(mode: 'Enforce' | 'Observe' = 'Enforce'): Snapshot {
  const replicas = [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')];
  const nodes = ['a', 'b', 'c'].map((name) => nodeEstimate(name, { busyCores: 0.1 }));
  return { at: 1_000_000, nodes, services: [serviceEstimate('web', replicas, { mode })] };
}

function simulated(snapshot: Snapshot, ...changes: SimulatedChange[]): Simulation {
  const result = simulate(snapshot, POLICY, changes, 7);
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

const web = (simulation: Simulation) => simulation.services[0] ?? expect.fail();
const utilisations = ({ nodes }: Simulation) => nodes.map(({ utilisation }) => utilisation.after);

describe('what if', () => {
  it('demand doubles: nodes are twice as busy, requests take longer, weights stay', () => {
    const simulation = simulated(shop(), { kind: 'scaleDemand', factor: 2 });
    expect(web(simulation)).toMatchObject({
      requestsPerSecond: { before: 200, after: 400 },
      replicas: [
        { weight: { before: expect.closeTo(0.5, 4) as number, after: expect.closeTo(0.5, 4) as number } },
        { weight: { after: expect.closeTo(0.5, 4) as number } },
      ],
    });
    expect(utilisations(simulation)).toEqual([expect.closeTo(0.2, 4), expect.closeTo(0.2, 4), 0]);
    expect(web(simulation).delaySeconds.after).toBeGreaterThan(web(simulation).delaySeconds.before);
    expect(simulation).toMatchObject({ tick: 7, at: 1_000_000, warnings: [] });
  });

  it('demand grows beyond what nodes have: says what could not be served', () => {
    const simulation = simulated(shop(), { kind: 'scaleDemand', service: WEB, factor: 20 });
    expect(simulation.warnings).toEqual([
      expect.stringContaining('node a: it would be full') as string,
      expect.stringContaining('node b: it would be full') as string,
      expect.stringMatching(/shop\/web: 2\.\d+ of the 4\.00 cores asked for could not be served/) as string,
    ]);
  });

  it('a replica moves: its load goes with it', () => {
    const simulation = simulated(shop(), { kind: 'moveReplica', service: WEB, replica: 'web-0', node: 'c' });
    expect(web(simulation).replicas[0]).toMatchObject({ name: 'web-0', node: 'c' });
    expect(utilisations(simulation)).toEqual([0, expect.closeTo(0.1, 4), expect.closeTo(0.1, 4)]);
  });

  it('a node is drained: its replicas are gone, but for one that moved away before', () => {
    const move: SimulatedChange = { kind: 'moveReplica', service: WEB, replica: 'web-0', node: 'c' };
    const drain: SimulatedChange = { kind: 'drainNode', node: 'a' };
    const gone = simulated(shop(), drain);
    expect(web(gone).replicas.map(({ weight }) => weight.after)).toEqual([0, 1]);
    expect(utilisations(gone)).toEqual([0, expect.closeTo(0.2, 4), 0]);
    expect(utilisations(simulated(shop(), move, drain))).toEqual(utilisations(simulated(shop(), move)));
    const none = simulated(shop(), drain, { kind: 'drainNode', node: 'b' });
    expect(none.warnings).toEqual(['service shop/web: no ready replica would be left']);
  });

  it('a service that is only observed counts as though it were enforced', () => {
    const changes: SimulatedChange[] = [{ kind: 'scaleDemand', factor: 3 }];
    expect(simulated(shop('Observe'), ...changes)).toEqual(simulated(shop(), ...changes));
  });

  it.each([
    [{ kind: 'drainNode', node: 'z' }, 'UNKNOWN_NODE', 'changes[0].node: '],
    [{ kind: 'scaleDemand', service: 'shop/rate', factor: 1 }, 'UNKNOWN_SERVICE', 'changes[0].service: '],
    [{ kind: 'moveReplica', service: WEB, replica: 'web-9', node: 'a' }, 'UNKNOWN_REPLICA', 'changes[0].replica: '],
  ] as const)('%j is refused as %s', (change, code, field) => {
    const message = expect.stringContaining(field) as string;
    expect(simulate(shop(), POLICY, [change], 0)).toMatchObject({ ok: false, failure: { code, message } });
  });
});

const anyChange = fc.oneof(
  fc.record({
    kind: fc.constant('moveReplica' as const),
    service: fc.constantFrom('x/p', 'y/q'),
    replica: fc.constantFrom('p-0', 'p-1'),
    node: fc.constantFrom('a', 'b', 'z'),
  }),
  fc.record({ kind: fc.constant('drainNode' as const), node: fc.constantFrom('a', 'b') }),
  fc.record(
    {
      kind: fc.constant('scaleDemand' as const),
      service: fc.constantFrom('x/p', 'y/q'),
      factor: fc.double({ min: 0, max: 1000, noNaN: true }),
    },
    { requiredKeys: ['kind', 'factor'] },
  ),
);

/** Throws on any attempt to write. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

describe('of any snapshot and any changes', () => {
  it('is an answer of the documented form or a refusal, always the same, and leaves the snapshot alone', () => {
    fc.assert(
      fc.property(anySnapshot, fc.array(anyChange, { minLength: 1, maxLength: 4 }), (snapshot, changes) => {
        const first = simulate(frozen(snapshot), POLICY, changes, 0);
        expect(simulate(snapshot, POLICY, changes, 0)).toEqual(first);
        if (!first.ok) {
          expect(first.failure.code).toMatch(/^UNKNOWN_/);
          return;
        }
        const { nodes, services, optimalityGap } = first.value;
        expect(Value.Errors(Simulation, { ...first.value, at: 0 })).toEqual([]);
        expect([optimalityGap, ...nodes.map(({ utilisation }) => utilisation.after)].every(Number.isFinite)).toBe(true);
        for (const { delaySeconds, replicas } of services) {
          expect(Number.isFinite(delaySeconds.after)).toBe(true);
          const sum = replicas.reduce((total, { weight }) => total + weight.after, 0);
          expect(sum === 0 ? 0 : sum).toBeCloseTo(sum === 0 ? 0 : 1, 6);
        }
      }),
      { numRuns: 150 },
    );
  });

  it('a factor of 1 changes nothing of a replica that uses less than its idle part', () => {
    const replicas = [replicaEstimate('web-0', 'a', { cpuCores: 0, idleCores: 1 })];
    const snapshot = { ...shop(), services: [serviceEstimate('web', replicas)] };
    const changed = applyChanges(snapshot, [{ kind: 'scaleDemand', factor: 1 }]);
    expect(changed).toMatchObject({ ok: true, value: snapshot });
  });

  it('a factor of 1 changes nothing', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        const same = simulated(snapshot, { kind: 'scaleDemand', factor: 1 });
        const decided = decide(snapshot, POLICY, undefined, snapshot.at);
        expect(same.nodes.map(({ name }) => name)).toEqual(decided.nodes.map(({ name }) => name));
        for (const { utilisation } of same.nodes) expect(utilisation.after).toBeCloseTo(utilisation.before, 6);
      }),
      { numRuns: 50 },
    );
  });
});
