import { expect, test } from 'vitest';
import { overviewOf, replicaCount } from '../../../central-controller/wording/decision-overview.ts';
import { decision, node, replica, service } from '../dashboard/decisions.ts';

const DECISION = decision({
  nodes: [node('a'), node('b'), node('idle')],
  services: [
    service('geo', [
      replica('geo-0', 'a', { weight: 0.2, previous: 0.2, cpuCores: 0.1 }),
      replica('geo-1', 'a', { weight: 0.3, previous: 0.31, cpuCores: 0.05 }),
      replica('geo-2', 'b', { weight: 0.5, previous: 0.49, cpuCores: 0.2 }),
      replica('geo-3', 'b', { weight: 0, previous: 0, state: 'NotReady', cpuCores: 0 }),
    ]),
    service('search', [replica('search-0', 'b', { weight: 1, previous: 1, cpuCores: 0.3 })]),
    service('empty', []),
  ],
});

test('a service has the sums of its replicas and none of them', () => {
  const { services } = overviewOf(DECISION);
  expect(services.map(({ replicas }) => replicas)).toEqual([[], [], []]);
  expect(services.map(({ summary }) => summary)).toEqual([
    { replicas: 4, moving: 2, lowestWeight: 0, highestWeight: 0.5, equalShare: 1 / 3 },
    { replicas: 1, moving: 0, lowestWeight: 1, highestWeight: 1, equalShare: 1 },
    { replicas: 0, moving: 0, lowestWeight: 0, highestWeight: 0, equalShare: 1 },
  ]);
});

test('a node has the cores that each service uses of it', () => {
  const { nodes } = overviewOf(DECISION);
  expect(nodes.map(({ name, usedBy }) => [name, usedBy])).toEqual([
    ['a', [[0, 0.15]]],
    [
      'b',
      [
        [0, 0.2],
        [1, 0.3],
      ],
    ],
    ['idle', []],
  ]);
});

test('everything else is as it was, and the decision is left alone', () => {
  const before = structuredClone(DECISION);
  const { tick, at, changed } = overviewOf(DECISION);
  expect({ tick, at, changed }).toEqual({ tick: before.tick, at: before.at, changed: before.changed });
  expect(DECISION).toEqual(before);
  expect(replicaCount(DECISION)).toBe(5);
});
