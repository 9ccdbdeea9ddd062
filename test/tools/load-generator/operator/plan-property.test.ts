import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ModelCluster } from './model-cluster.ts';

const SERVICES = ['search', 'geo'];

type Step = (cluster: ModelCluster) => void;

/** What may happen to a cluster and its operator, in any order. */
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom(...SERVICES), fc.constantFrom(0, 30)).map(
    ([service, ttl]): Step =>
      (cluster) =>
        cluster.create(service, ttl),
  ),
  fc.constantFrom(...SERVICES).map(
    (service): Step =>
      (cluster) =>
        cluster.services.add(service),
  ),
  fc.constantFrom(...SERVICES).map(
    (service): Step =>
      (cluster) =>
        cluster.services.delete(service),
  ),
  fc.nat(5).map((index): Step => (cluster) => {
    const uid = [...cluster.requests.keys()][index];
    if (uid !== undefined) cluster.requests.delete(uid);
  }),
  fc.nat(5).map(
    (index): Step =>
      (cluster) =>
        cluster.endRun(index),
  ),
  fc.constantFrom(1_000, 20_000, 700_000).map((ms): Step => (cluster) => {
    cluster.now += ms;
  }),
  fc.constant<Step>((cluster) => cluster.restart()),
  fc.constant<Step>((cluster) => cluster.look()),
  fc.boolean().map(
    (fails): Step =>
      (cluster) =>
        void cluster.round(fails),
  ),
  // The most usual course of things.
  fc.constant<Step>((cluster) => {
    cluster.look();
    cluster.round();
  }),
);

/** Long enough for loads to wait, to end and to be lost. */
const anySteps = fc.array(anyStep, { minLength: 10, maxLength: 60, size: 'max' });

const ORDER = ['Pending', 'Running', 'Succeeded', 'Failed'];

function expectSound(cluster: ModelCluster): void {
  const { loaded, begun, phases } = cluster;
  expect(new Set(loaded).size, 'one at a time per service').toBe(loaded.length);
  for (const [uid, times] of begun) expect(times, `${uid} is begun once`).toBe(1);
  for (const [uid, before] of phases) {
    expect(before, `${uid} goes forward only`).toEqual(before.toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)));
    const ends = new Set(before.filter((phase) => phase === 'Succeeded' || phase === 'Failed'));
    expect(ends.size, `${uid} has one end`).toBeLessThanOrEqual(1);
  }
}

test('whatever happens, a load is run once at most, one at a time per service, and has one end', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const cluster = new ModelCluster();
      for (const step of steps) {
        step(cluster);
        expectSound(cluster);
      }
    }),
    { numRuns: 150 },
  );
});

test('when nothing happens any more, nothing is left to do after a few rounds, and every request has been told its end', () => {
  fc.assert(
    fc.property(anySteps, (steps) => {
      const cluster = new ModelCluster();
      for (const step of steps) step(cluster);
      const turn = () => {
        cluster.look();
        return cluster.round();
      };
      const rounds = 2 * cluster.requests.size + 3;
      for (let round = 0; round < rounds; round++) {
        turn();
        cluster.endRun(0);
        cluster.endRun(0);
      }
      for (const { status } of cluster.requests.values()) {
        if (status?.phase !== 'Pending') expect(['Succeeded', 'Failed']).toContain(status?.phase);
      }
      for (const uid of cluster.begun.keys()) {
        const { phase, resultName } = cluster.requests.get(uid)?.status ?? {};
        if (phase === 'Succeeded') expect([resultName !== undefined, cluster.results.has(uid)]).toEqual([true, true]);
      }
      // A time to live ends only as time passes, and it stands still.
      expect(turn()).toEqual([]);
      expect(cluster.runs.size).toBe(0);
    }),
    { numRuns: 150 },
  );
});
