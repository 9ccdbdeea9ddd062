import { describe, expect, it } from 'vitest';
import { Controller, DELEGATE, foreign, ROUTES, RULE, settled } from './support/controller.ts';

const CART = 'shop/cart';
const OUR_LABEL = { 'app.kubernetes.io/managed-by': 'ballast' };
const carts = (...ordinals: number[]) => ordinals.map((ordinal) => `cart-${ordinal}`);

describe("somebody else's objects", () => {
  const others = [
    foreign('VirtualService', 'mine', { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' } }] }] }),
    foreign('DestinationRule', 'mine', { host: 'cart.shop.svc.cluster.local' }),
    foreign('VirtualService', 'ballast-cart', { hosts: ['other.example.com'], gateways: ['shop'], http: [] }),
  ];

  it.each(others)('are named and left alone: $kind $metadata.name', (other) => {
    const controller = new Controller();
    controller.cluster.add(other);
    expect(controller.settle()).toEqual([]);
    expect(controller.table()).toBeUndefined();
    const { problem } = controller.look().services.get(CART) ?? {};
    expect(problem).toMatchObject({ reason: 'HostTaken' });
    expect(problem?.message).toContain(`${other.kind} shop/${other.metadata.name}`);
  });

  it('do if they have a route and a subset per replica', () => {
    const controller = settled();
    for (const name of [RULE, ROUTES]) {
      const object = controller.cluster.get(name);
      if (object) controller.cluster.add({ ...object, metadata: { name: 'mine', namespace: 'shop' } });
      controller.cluster.remove(name);
    }
    controller.cluster.remove(DELEGATE);
    expect(controller.settle()).toEqual([]);
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: carts(0, 1, 2) });
    expect(controller.look().services.get(CART)?.problem?.message).toContain('3 of 3 replicas have routes there');
  });

  it('are no matter for Endpoint routing', () => {
    const controller = new Controller();
    controller.cluster.state.routing = 'Endpoint';
    for (const other of others) controller.cluster.add(other);
    expect(controller.settle()).toEqual([['apply Service shop/cart']]);
    expect(controller.look().services.get(CART)?.problem).toBeUndefined();
  });

  it('become ours with our label under our names, whoever wrote them', () => {
    const controller = settled();
    const rule = controller.cluster.get(RULE);
    if (rule) controller.cluster.add({ ...rule, metadata: { ...rule.metadata, ownerReferences: undefined } as never });
    expect(controller.step()).toEqual([`apply ${RULE}`]);
  });

  const http = [{ timeout: '5s', route: [{ destination: { host: 'cart' } }] }];
  it.each([
    foreign('VirtualService', 'a-cart', { hosts: ['cart'], http }, OUR_LABEL),
    foreign('DestinationRule', 'a-cart', { host: 'cart' }, OUR_LABEL),
    foreign('DestinationRule', 'ballast-cart.delegate', { host: 'cart' }, OUR_LABEL),
  ])('stay theirs under another name, whatever their label: $kind $metadata.name', (other) => {
    const controller = new Controller();
    controller.cluster.add(other);
    expect(controller.settle()).toEqual([]);
    const { problem } = controller.look().services.get(CART) ?? {};
    expect(problem?.reason).toBe('HostTaken');
    expect(problem?.message).toContain(`${other.kind} shop/${other.metadata.name}`);
    expect(problem?.message).not.toContain('managed-by');
    controller.cluster.remove(`${other.kind} shop/${other.metadata.name}`);
    controller.settle();
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: carts(0, 1, 2) });
  });
});
