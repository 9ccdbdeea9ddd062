import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../contract/decision.ts';
import { decide } from '../../../central-controller/decide/decide.ts';
import { heldWeights, type Pause } from '../../../central-controller/decide/pause.ts';
import { DEFAULT_PARAMETERS, type ManualWeight } from '../../../central-controller/decide/settings.ts';
import type { Snapshot } from '../../../central-controller/model/snapshot.ts';
import { anySnapshot, nodeEstimate, replicaEstimate, serviceEstimate } from './snapshots.ts';

const NOW = 1_000_000;
const HELD = new Map([['shop/web', new Map(Object.entries({ 'web-0': 0.7, 'web-1': 0.3 }))]]);
const WEB: Pause = { service: 'shop/web', since: NOW, held: HELD };
const ALL: Pause = { since: NOW, reason: 'sale', expiresAt: NOW + 60_000, held: HELD };

const PLAIN = [replicaEstimate('web-0', 'a'), replicaEstimate('web-1', 'b')];

function shop(replicas = PLAIN): Snapshot {
  // Node a is nearly full of something else: without a pause, requests would leave it.
  const nodes = [nodeEstimate('a', { busyCores: 0.9, backgroundCores: 0.8 }), nodeEstimate('b')];
  return { at: NOW, nodes, services: [serviceEstimate('web', replicas)] };
}

function decided(snapshot: Snapshot, pauses: readonly Pause[], manual: readonly ManualWeight[] = [], now = NOW) {
  return decide(snapshot, { parameters: DEFAULT_PARAMETERS, manual, pauses }, undefined, now);
}

const weights = ({ services }: Decision) =>
  Object.fromEntries(services[0]?.replicas.map(({ name, weight }) => [name, weight]) ?? []);

describe('a paused service', () => {
  it('keeps its weights, says so, and takes balancing up again when the time is over', () => {
    const paused = decided(shop(), [ALL]);
    expect(weights(paused)).toEqual({ 'web-0': 0.7, 'web-1': expect.closeTo(0.3, 9) as number });
    expect(paused.services[0]).toMatchObject({
      paused: { since: NOW, expiresAt: NOW + 60_000, reason: 'sale' },
      replicas: [{ limits: ['paused'], state: 'Active' }, { limits: ['paused'] }],
    });
    const after = decided(shop(), [ALL], [], NOW + 60_000);
    expect(after.services[0]?.paused).toBeUndefined();
    expect(after.services[0]?.replicas[0]?.target).toBeLessThan(0.1);
  });

  it('uses its own pause before a pause of all services, and ignores the pause of another service', () => {
    const other: Pause = { service: 'shop/rate', since: NOW, held: HELD };
    expect(decided(shop(), [other]).services[0]?.paused).toBeUndefined();
    expect(decided(shop(), [ALL, WEB]).services[0]?.paused).toEqual({ since: NOW });
  });

  it('gives nothing to a replica that is not ready, and an equal share to a replica without a held weight', () => {
    const gone = shop([replicaEstimate('web-0', 'a', { ready: false }), replicaEstimate('web-1', 'b')]);
    expect(weights(decided(gone, [WEB]))).toEqual({ 'web-0': 0, 'web-1': 1 });
    const third = weights(decided(shop([...PLAIN, replicaEstimate('web-2', 'b')]), [WEB]));
    expect(third['web-2']).toBeCloseTo(1 / 4, 9);
    expect((third['web-0'] ?? NaN) / (third['web-1'] ?? NaN)).toBeCloseTo(7 / 3, 6);
  });

  it('leaves weights by hand as they are, and holds the others in proportion', () => {
    const byHand = { namespace: 'shop', service: 'web', replica: 'web-1', weight: 0.9, expiresAt: NOW + 1 };
    const decision = decided(shop(), [WEB], [byHand]);
    expect(weights(decision)).toEqual({ 'web-0': expect.closeTo(0.1, 9) as number, 'web-1': 0.9 });
    expect(decision.services[0]?.replicas.map(({ limits }) => limits)).toEqual([['paused'], ['manual']]);
  });

  it('keeps its CPU settings too', () => {
    const snapshot = shop();
    const services = snapshot.services.map((service) => ({ ...service, cpuControl: 'BOTH' as const }));
    const before = decided({ ...snapshot, services }, []);
    const busy = { ...snapshot, services, nodes: [nodeEstimate('a'), nodeEstimate('b', { backgroundCores: 0.9 })] };
    const policy = { parameters: DEFAULT_PARAMETERS, manual: [], pauses: [WEB] };
    const grants = ({ services: of }: Decision) => of[0]?.replicas.map(({ cpuGrant }) => cpuGrant);
    expect(grants(decide(busy, policy, before, NOW + 250))).toEqual(grants(before));
    expect(grants(decide(busy, { ...policy, pauses: [] }, before, NOW + 250))).not.toEqual(grants(before));
  });
});

describe('for any input', () => {
  it('held shares sum to what is left', () => {
    const shares = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(shares, shares, fc.subarray(['a', 'b', 'c', 'd']), (known, hand, replicas) => {
        const held = new Map([['s', new Map(Object.entries(known))]]);
        const byHand = new Map(Object.entries(hand));
        const result = heldWeights('s', replicas, { since: 0, held }, byHand);
        const open = replicas.filter((name) => !byHand.has(name));
        expect([...result.keys()]).toEqual(open);
        const given = replicas.reduce((sum, name) => sum + (byHand.get(name) ?? 0), 0);
        const sum = [...result.values()].reduce((total, share) => total + share, 0);
        expect(sum).toBeCloseTo(open.length > 0 ? Math.max(0, 1 - given) : 0, 9);
      }),
    );
  });

  it('weights of paused services sum to 1', () => {
    fc.assert(
      fc.property(anySnapshot, (snapshot) => {
        for (const { replicas } of decided(snapshot, [{ since: NOW, held: new Map() }]).services) {
          const sum = replicas.reduce((total, { weight }) => total + weight, 0);
          const hasReady = replicas.some(({ state }) => state !== 'NotReady');
          expect(sum).toBeCloseTo(hasReady ? 1 : 0, 6);
        }
      }),
      { numRuns: 100 },
    );
  });
});
