import { describe, expect, test } from 'vitest';
import { joinTopology } from '../../../central-controller/cluster/join.ts';
import type { ClusterObjects, Deployment, EndpointSlice, Pod } from '../../../central-controller/kubernetes/objects.ts';
import { knownSince } from '../../../central-controller/cluster/replicas.ts';

const NOW = 1_700_000_000_000;

function pod(uid: string, ready: boolean, changes: { readyAt?: string; deleted?: boolean; cpu?: string } = {}): Pod {
  const { readyAt, deleted = false, cpu } = changes;
  return {
    kind: 'Pod',
    metadata: {
      name: `cart-${uid}`,
      namespace: 'shop',
      uid,
      labels: { app: 'cart' },
      ...(deleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', resources: { limits: { cpu } } }] },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: readyAt ?? null }],
    },
  } as Pod;
}

function slice(...endpoints: NonNullable<EndpointSlice['endpoints']>): EndpointSlice {
  const labels = { 'kubernetes.io/service-name': 'cart' };
  return { kind: 'EndpointSlice', metadata: { name: 'cart-x', namespace: 'shop', labels }, endpoints };
}

const DEPLOYMENT: Deployment = {
  kind: 'Deployment',
  metadata: { name: 'cart-app', namespace: 'shop' },
  spec: { template: { metadata: { labels: { app: 'cart', tier: 'web' } } } },
};

function join(pods: readonly Pod[], more: Partial<ClusterObjects> = {}) {
  return joinTopology(
    {
      nodes: [{ kind: 'Node', metadata: { name: 'node-1' } }],
      pods,
      services: [
        {
          kind: 'Service',
          metadata: { name: 'cart', namespace: 'shop' },
          spec: { selector: { app: 'cart' }, ports: [{ port: 80 }] },
        },
      ],
      statefulSets: [],
      deployments: [DEPLOYMENT],
      policies: [
        {
          apiVersion: 'ballast.dev/v1alpha1',
          kind: 'LoadBalancingPolicy',
          metadata: { name: 'cart', namespace: 'shop' },
          spec: { targetRef: { kind: 'Deployment', name: 'cart-app' } },
        },
      ],
      ...more,
    },
    new Map(),
  );
}

function readyOnes(...endpoints: NonNullable<EndpointSlice['endpoints']>): string[] {
  const pods = [pod('a', true), pod('b', false), pod('c', true, { deleted: true })];
  const { topology } = join(pods, { endpointSlices: [slice(...endpoints)] });
  return (topology.services[0]?.replicas ?? []).filter(({ ready }) => ready).map(({ uid }) => uid);
}

const endpointOf = (uid: string, conditions?: { ready?: boolean; terminating?: boolean }) => ({
  targetRef: { kind: 'Pod', uid },
  ...(conditions && { conditions }),
});

describe('a replica is ready', () => {
  test.each([
    ['when its pod and its endpoint say so', [endpointOf('a', { ready: true })], ['a']],
    ['when its endpoint says nothing against it', [endpointOf('a')], ['a']],
    ['but not before it has an endpoint', [], []],
    ['nor when its endpoint is not', [endpointOf('a', { ready: false })], []],
    ['nor when its endpoint is about to end', [endpointOf('a', { ready: true, terminating: true })], []],
    ['nor when its pod is not, as with publishNotReadyAddresses', [endpointOf('b', { ready: true })], []],
    ['nor when its pod is being deleted', [endpointOf('c', { ready: true })], []],
  ])('%s', (_, endpoints, expected) => {
    expect(readyOnes(...endpoints)).toEqual(expected);
  });

  test('by its own word where nobody makes endpoints', () => {
    const { topology, problems } = join([pod('a', true), pod('b', false)]);
    expect(problems).toEqual([]);
    expect(topology.services[0]?.replicas.map(({ ready }) => ready)).toEqual([true, false]);
  });
});

test.each([
  ['0.5', 0.5],
  ['1500m', 1.5],
  ['250000u', 0.25],
  ['100000000n', 0.1],
  ['1k', 1000],
])('a CPU limit of %s is %f cores', (cpu, cores) => {
  expect(join([pod('a', true, { cpu })]).topology.services[0]?.replicas[0]?.limitCores).toBe(cores);
});

describe('a replica is known', () => {
  test('from when it says that it became ready, where that was before it was looked at', () => {
    const early = pod('a', true, { readyAt: new Date(NOW - 5000).toISOString() });
    const ahead = pod('b', true, { readyAt: new Date(NOW + 60_000).toISOString() });
    const since = knownSince([early, ahead, pod('c', true), pod('d', false)], undefined, NOW);
    expect([...since]).toEqual([
      ['a', NOW - 5000],
      ['b', NOW],
      ['c', 0],
    ]);
  });

  test('from when it was first seen ready, not from when it was first seen', () => {
    const first = knownSince([pod('a', false)], undefined, NOW);
    const second = knownSince([pod('a', true)], first, NOW + 1000);
    expect(second.get('a')).toBe(NOW + 1000);
    expect(knownSince([pod('a', false)], second, NOW + 2000).get('a')).toBe(NOW + 1000);
    expect(knownSince([], second, NOW + 3000).size).toBe(0);
  });
});
