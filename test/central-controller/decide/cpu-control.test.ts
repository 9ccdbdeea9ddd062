/** CPU shares and quotas by the fair shares. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CpuGrant } from '../../../contract/assignment.ts';
import type { Decision } from '../../../contract/decision.ts';
import { decide } from '../../../central-controller/decide/decide.ts';
import { DEFAULT_PARAMETERS } from '../../../central-controller/decide/settings.ts';
import type { ServiceEstimate, Snapshot } from '../../../central-controller/model/snapshot.ts';
import { nodeEstimate, replicaEstimate, serviceEstimate } from './snapshots.ts';

const CONTROLS = ['CPU_SHARE', 'CPU_QUOTA', 'BOTH'] as const;
const POLICY = { parameters: DEFAULT_PARAMETERS, manual: [] };

function decisionOn(snapshot: Snapshot, previous?: Decision): Decision {
  return decide(snapshot, POLICY, previous, snapshot.at);
}

/** By replica. */
function grantsIn(decision: Decision): Record<string, CpuGrant | undefined> {
  return Object.fromEntries(
    decision.services.flatMap(({ replicas }) => replicas.map(({ name, cpuGrant }) => [name, cpuGrant])),
  );
}

/** One node with a replica of each service. */
function oneNode(services: Readonly<Record<string, Partial<ServiceEstimate>>>, cores = 2): Snapshot {
  return {
    at: 0,
    nodes: [nodeEstimate('n', { cores, busyCores: 0.2 })],
    services: Object.entries(services).map(([name, more]) =>
      serviceEstimate(name, [replicaEstimate(`${name}-0`, 'n')], more),
    ),
  };
}

test('only what the policy asks for is granted', () => {
  const decision = decisionOn(
    oneNode({
      none: {},
      share: { cpuControl: 'CPU_SHARE' },
      quota: { cpuControl: 'CPU_QUOTA' },
      both: { cpuControl: 'BOTH' },
    }),
  );
  const granted = Object.entries(grantsIn(decision)).map(([name, grant]) => [name, Object.keys(grant ?? {})]);
  expect(granted).toEqual([
    ['none-0', []],
    ['share-0', ['shares']],
    ['quota-0', ['quotaCores']],
    ['both-0', ['shares', 'quotaCores']],
  ]);
});

test('shares are the fair shares of the node, a core counting 1024', () => {
  const decision = decisionOn(
    oneNode({ geo: { cpuControl: 'BOTH' }, search: { cpuControl: 'BOTH', shareWeight: 3 }, rate: {} }),
  );
  // Of 2 cores, by the weights 1, 3 and 1; a quarter of that as room in the quota.
  expect(grantsIn(decision)).toEqual({
    'geo-0': { shares: 410, quotaCores: expect.closeTo(0.5) },
    'search-0': { shares: 1229, quotaCores: expect.closeTo(1.5) },
    'rate-0': undefined,
  });
});

test('what others use without requests is taken from the node once', () => {
  const geo = serviceEstimate('geo', [replicaEstimate('geo-0', 'n')], { cpuControl: 'CPU_SHARE' });
  const observed = replicaEstimate('rate-0', 'n', { cpuCores: 0.7, idleCores: 0.4 });
  const decision = decisionOn({
    at: 0,
    nodes: [nodeEstimate('n', { cores: 2, busyCores: 0.8, backgroundCores: 0.5 })],
    services: [geo, serviceEstimate('rate', [observed], { mode: 'Observe' })],
  });
  // 2 cores, less 0.5 in the background and 0.3 for the requests of the other.
  expect(grantsIn(decision)['geo-0']).toEqual({ shares: Math.round(1.2 * 1024) });
});

test('a quota leaves room above what the allocation sends, where that is more than the fair share', () => {
  const busy = replicaEstimate('geo-0', 'n', { requestsPerSecond: 1500, cpuCores: 1.5 });
  const snapshot: Snapshot = {
    at: 0,
    nodes: [nodeEstimate('n', { cores: 2, busyCores: 1.6 })],
    services: [
      serviceEstimate('geo', [busy], { cpuControl: 'BOTH' }),
      serviceEstimate('search', [replicaEstimate('search-0', 'n')], { cpuControl: 'BOTH' }),
    ],
  };
  const grants = grantsIn(decisionOn(snapshot));
  expect(grants['geo-0']).toEqual({ shares: 1024, quotaCores: expect.closeTo(1.875) });
  expect(grants['search-0']).toEqual({ shares: 1024, quotaCores: expect.closeTo(1.25) });
});

test('a neighbour that takes all that a bounded replica leaves does not shrink the bound', () => {
  // It uses more than its requests explain, so neither the allocation nor what is left of the node says what it needs.
  let cpuCores = 0.45;
  let previous: Decision | undefined;
  for (let tick = 0; tick < 50; tick++) {
    const replicas = ['geo-0', 'search-0'].map((name) =>
      replicaEstimate(name, 'n', { requestsPerSecond: 50, cpuCores: name === 'geo-0' ? cpuCores : 0.05 }),
    );
    const node = nodeEstimate('n', { cores: 1, busyCores: 1, backgroundCores: 1 - cpuCores - 0.05 });
    const services = replicas.map((replica) => serviceEstimate(replica.name, [replica], { cpuControl: 'CPU_QUOTA' }));
    previous = decisionOn({ at: tick * 250, nodes: [node], services }, previous);
    cpuCores = Math.min(0.45, grantsIn(previous)['geo-0']?.quotaCores ?? 0);
  }
  expect(cpuCores).toBe(0.45);
});

test('nothing is granted while too little is known, to a replica that is not ready, or on an unheard node', () => {
  const learning = replicaEstimate('learning-0', 'n', { evidence: 0, cpuPerRequestSeconds: 0 });
  const replicas = [
    replicaEstimate('geo-0', 'n'),
    replicaEstimate('geo-1', 'n', { ready: false }),
    replicaEstimate('geo-2', 'x'),
  ];
  const decision = decisionOn({
    at: 0,
    nodes: [nodeEstimate('n')],
    services: [
      serviceEstimate('learning', [learning], { cpuControl: 'BOTH' }),
      serviceEstimate('geo', replicas, { cpuControl: 'BOTH' }),
    ],
  });
  const granted = Object.entries(grantsIn(decision)).filter(([, grant]) => grant !== undefined);
  expect(granted.map(([name]) => name)).toEqual(['geo-0']);
});

test('grants stay while noise moves what is wanted by less than a tenth', () => {
  const at = (backgroundCores: number): Snapshot => ({
    ...oneNode({ geo: { cpuControl: 'BOTH' }, search: { cpuControl: 'BOTH', shareWeight: 2 } }),
    nodes: [nodeEstimate('n', { cores: 2, busyCores: 0.2 + backgroundCores, backgroundCores })],
  });
  const first = decisionOn(at(0.1));
  const near = decisionOn(at(0.2), first);
  expect(grantsIn(near)).toEqual(grantsIn(first));
  const far = decisionOn(at(0.6), near);
  expect(grantsIn(far)['geo-0']?.shares).toBeLessThan(grantsIn(near)['geo-0']?.shares ?? 0);
  expect(grantsIn(far)['search-0']?.shares).toBeLessThan(grantsIn(near)['search-0']?.shares ?? 0);
});

test('a quota near to the one that is wanted does not stay where it would hold back what is granted', () => {
  const at = (requestsPerSecond: number): Snapshot => ({
    at: 0,
    nodes: [nodeEstimate('n', { cores: 1, busyCores: 0.8 })],
    services: [
      serviceEstimate('geo', [replicaEstimate('geo-0', 'n', { requestsPerSecond })], { cpuControl: 'CPU_QUOTA' }),
      serviceEstimate('search', [replicaEstimate('search-0', 'n', { requestsPerSecond: 1 })], { shareWeight: 9 }),
    ],
  });
  const first = decisionOn(at(760));
  expect(grantsIn(first)['geo-0']?.quotaCores).toBeCloseTo(0.95);
  expect(grantsIn(decisionOn(at(780), first))['geo-0']?.quotaCores).toBeCloseTo(0.95);
  expect(grantsIn(decisionOn(at(980), first))['geo-0']?.quotaCores).toBeCloseTo(1);
});

test('what is observed only gets the grants that enforcing it would bring, and takes none from what is enforced', () => {
  const snapshot = oneNode({ geo: { cpuControl: 'CPU_SHARE' }, search: { cpuControl: 'CPU_SHARE', mode: 'Observe' } });
  const grants = grantsIn(decisionOn(snapshot));
  // The enforced one has what the other one does not use: 2 - 0.1 cores.
  expect(grants).toEqual({ 'geo-0': { shares: 1946 }, 'search-0': { shares: 1024 } });
});

const mesh = fc
  .record({
    nodes: fc.array(
      fc.record({
        cores: fc.double({ min: 0.1, max: 64, noNaN: true }),
        used: fc.double({ min: 0, max: 1.2, noNaN: true }),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    services: fc.array(
      fc.record({
        control: fc.constantFrom(...CONTROLS),
        shareWeight: fc.double({ min: 0.1, max: 10, noNaN: true }),
        rate: fc.double({ min: 0, max: 5000, noNaN: true }),
        cost: fc.double({ min: 1e-4, max: 0.1, noNaN: true }),
        limitCores: fc.option(fc.double({ min: 0.1, max: 4, noNaN: true }), { nil: undefined }),
        places: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ nodes, services }): Snapshot => ({
    at: 0,
    nodes: nodes.map(({ cores, used }, index) =>
      nodeEstimate(`n${index}`, { cores, busyCores: cores, backgroundCores: Math.min(1, used) * cores }),
    ),
    services: services.map(({ control, shareWeight, rate, cost, limitCores, places }, index) => {
      const replicas = places.map((place, at) =>
        replicaEstimate(`s${index}-${at}`, `n${place % nodes.length}`, {
          requestsPerSecond: rate,
          cpuPerRequestSeconds: cost,
          cpuPerRequestDeviation: cost / 100,
          ...(limitCores !== undefined && { limitCores }),
        }),
      );
      return serviceEstimate(`s${index}`, replicas, { cpuControl: control, shareWeight });
    }),
  }));

test('in any mesh shares add up to the fair shares, and no quota holds back what is granted', () => {
  fc.assert(
    fc.property(mesh, (snapshot) => {
      const decision = decisionOn(snapshot);
      decision.services.forEach((service, index) => {
        const estimate = snapshot.services[index];
        const grants = service.replicas.map(({ cpuGrant }) => cpuGrant);
        if (estimate?.cpuControl !== 'CPU_QUOTA') {
          const sum = grants.reduce((total, grant) => total + (grant?.shares ?? 0), 0);
          const rounding = (2.5 / 1024) * grants.length;
          expect(Math.abs(sum / 1024 - service.fairShareCores)).toBeLessThan(rounding);
        }
        if (estimate?.cpuControl === 'CPU_SHARE') return;
        service.replicas.forEach((replica, at) => {
          const node = snapshot.nodes.find(({ name }) => name === replica.node);
          const most = Math.min(estimate?.replicas[at]?.limitCores ?? Infinity, node?.cores ?? 0);
          const served = service.demandCores > 0 ? Math.min(1, service.servedCores / service.demandCores) : 1;
          const load = service.requestsPerSecond * served * replica.weight * replica.cpuPerRequestSeconds;
          const quota = replica.cpuGrant?.quotaCores ?? 0;
          expect(quota).toBeGreaterThanOrEqual(Math.min(most, 1.25 * load) * (1 - 1e-9));
          expect(quota).toBeLessThanOrEqual(most * (1 + 1e-9));
        });
      });
    }),
  );
});

test('a grant that stays because it is near never holds back what is granted', () => {
  fc.assert(
    fc.property(mesh, fc.double({ min: 0.5, max: 2, noNaN: true }), (snapshot, change) => {
      const first = decisionOn(snapshot);
      const services = snapshot.services.map((service) => ({
        ...service,
        requestsPerSecond: service.requestsPerSecond * change,
      }));
      const second = decisionOn({ ...snapshot, services }, first);
      second.services.forEach((service, index) => {
        const served = service.demandCores > 0 ? Math.min(1, service.servedCores / service.demandCores) : 1;
        service.replicas.forEach((replica, at) => {
          const quota = replica.cpuGrant?.quotaCores;
          if (quota === undefined) return;
          const limit = snapshot.services[index]?.replicas[at]?.limitCores ?? Infinity;
          const cores = snapshot.nodes.find(({ name }) => name === replica.node)?.cores ?? 0;
          const load = service.requestsPerSecond * served * replica.weight * replica.cpuPerRequestSeconds;
          expect(quota).toBeGreaterThanOrEqual(Math.min(load, limit, cores) * (1 - 1e-9));
        });
      });
    }),
  );
});
