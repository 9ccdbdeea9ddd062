import { expect, test } from 'vitest';
import type { ObservedObjects } from '../../../central-controller/kubernetes/observed-objects.ts';
import { SETTLE_MS } from '../../../central-controller/routing/plan-service.ts';
import { RoutedCluster } from '../../../central-controller/routing/routed-cluster.ts';
import { ModelCluster } from './support/model-cluster.ts';

function setUp() {
  const model = new ModelCluster();
  model.state.routing = 'Endpoint';
  const state = { now: 0, isSynced: true, objects: model.objects() satisfies ObservedObjects };
  const routed = new RoutedCluster(
    {
      get isSynced() {
        return state.isSynced;
      },
      objects: () => state.objects,
      problems: () => [],
      read: () => model.topology(),
      policies: () => [],
      onChange: () => undefined,
      close: () => Promise.resolve(),
    },
    () => state.now,
  );
  return { model, state, routed, mode: () => routed.read().services[0]?.mode };
}

test('what decisions count on changes when something is seen, or has waited long enough', () => {
  const { model, state, routed, mode } = setUp();
  expect(mode()).toBe('Observe');
  const before = routed.read();
  state.now = 100;
  expect(routed.read()).toBe(before);
  for (const { steps } of routed.plan().services.values()) for (const step of steps) model.write(step);
  state.objects = model.objects();
  expect(mode()).toBe('Observe');
  state.now += SETTLE_MS;
  expect(mode()).toBe('Enforce');
});

test('nothing is concluded from what is missing before everything was seen once', () => {
  const { model, state, routed, mode } = setUp();
  model.userLabels = { 'istio.io/persistent-session-header': 'x-lb-session' };
  state.isSynced = false;
  expect(mode()).toBe('Enforce');
  expect(routed.plan().services.size).toBe(0);
  state.isSynced = true;
  state.objects = model.objects();
  expect(mode()).toBe('Enforce');
});
