import { describe, expect, it } from 'vitest';
import { SETTLE_MS } from '../../../central-controller/routing/plan-service.ts';
import type { Controller } from './support/controller.ts';
import { DELEGATE, foreign, ROUTES, RULE, settled } from './support/controller.ts';

const carts = (...ordinals: number[]) => ordinals.map((ordinal) => `cart-${ordinal}`);

describe('what was written', () => {
  it.each([{ mode: 'Off' }, { mode: 'Observe' }, { hasPolicy: false }] as const)('goes in order with %o', (state) => {
    const controller = settled();
    Object.assign(controller.cluster.state, state);
    expect(controller.table()).toBeUndefined();
    expect(controller.settle()).toEqual([[`delete ${ROUTES}`, `delete ${DELEGATE}`], [`delete ${RULE}`]]);
  });

  it('goes with Off in Endpoint routing', () => {
    const controller = settled({ routing: 'Endpoint' });
    controller.cluster.state.mode = 'Off';
    expect(controller.step()).toEqual([]);
    expect(controller.settle()).toEqual([['apply Service shop/cart']]);
    expect(controller.cluster.label).toBeUndefined();
  });

  it('changes from Subset to Endpoint without a moment in which no replica can be chosen', () => {
    const controller = settled();
    controller.cluster.state.routing = 'Endpoint';
    expect(controller.step()).toEqual(['apply Service shop/cart']);
    expect(controller.table()?.routing).toBe('Subset');
    expect(controller.step(SETTLE_MS)).toEqual([]);
    expect(controller.table()?.routing).toBe('Endpoint');
    expect(controller.settle()).toEqual([[`delete ${ROUTES}`, `delete ${DELEGATE}`], [`delete ${RULE}`]]);
  });

  it('changes from Endpoint to Subset likewise', () => {
    const controller = settled({ routing: 'Endpoint' });
    controller.cluster.state.routing = 'Subset';
    expect(controller.step()).toEqual([`apply ${RULE}`]);
    expect(controller.table()?.routing).toBe('Endpoint');
    expect(controller.settle()).toEqual([[`apply ${ROUTES}`, `apply ${DELEGATE}`], ['apply Service shop/cart']]);
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: carts(0, 1, 2) });
    expect(controller.cluster.label).toBeUndefined();
  });
});

describe('what Kubernetes removes with its policy', () => {
  it.each([{ order: [RULE, ROUTES] }, { order: [ROUTES, RULE] }])(
    'is not written again, nor is a route without its subset left: $order',
    ({ order }) => {
      const controller = settled();
      const { cluster } = controller;
      cluster.state.hasPolicy = false;
      expect(controller.step()).toEqual([]);
      expect(cluster.garbage().toSorted()).toEqual(order.toSorted());
      for (const name of order) {
        cluster.remove(name);
        controller.step(20);
        expectSubsets(controller);
      }
      controller.settle();
      expect(cluster.log.filter((write) => write.startsWith('apply'))).toEqual([]);
      expect([RULE, ROUTES, DELEGATE].filter((name) => cluster.get(name))).toEqual([]);
    },
  );

  it('leaves a gateway that delegates its way to the service', () => {
    const controller = settled();
    const { cluster } = controller;
    const http = [{ delegate: { name: 'ballast-cart.delegate' } }];
    cluster.add(foreign('VirtualService', 'ingress', { hosts: ['*'], gateways: ['shop'], http }));
    cluster.state.hasPolicy = false;
    for (const name of cluster.garbage()) cluster.remove(name);
    expect(controller.settle()).toEqual([[`apply ${DELEGATE}`]]);
    expectSubsets(controller);
    expect(cluster.get(ROUTES)).toBeUndefined();
  });

  it('comes back with a policy in the order in which no route lacks its subset', () => {
    const controller = settled();
    const { cluster } = controller;
    cluster.state.hasPolicy = false;
    for (const name of cluster.garbage()) cluster.remove(name);
    cluster.state.hasPolicy = true;
    expect(controller.settle()).toEqual([[`apply ${RULE}`], [`apply ${ROUTES}`]]);
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: carts(0, 1, 2) });
  });
});

function expectSubsets({ observed: { ownRoutes, subsets } }: Controller): void {
  expect([...ownRoutes].filter((replica) => !subsets.has(replica))).toEqual([]);
}
