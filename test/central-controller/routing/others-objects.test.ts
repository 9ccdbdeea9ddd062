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

  it('become ours if they have our label and one of our names', () => {
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

describe("somebody else's objects for several hosts", () => {
  const ALL = '*.shop.svc.cluster.local';
  const http = [{ timeout: '5s', route: [{ destination: { host: 'cart' } }] }];
  const trafficPolicy = { connectionPool: { http: { maxRetries: 9 } } };
  const elsewhere = (kind: string, spec: object) => ({
    ...foreign(kind, 'far', spec),
    metadata: { name: 'far', namespace: 'elsewhere', labels: {} },
  });

  it.each([
    ['a VirtualService with a wildcard', foreign('VirtualService', 'all', { hosts: [ALL], http })],
    [
      'a rule with a wildcard for some workloads',
      foreign('DestinationRule', 'all', { host: ALL, workloadSelector: { matchLabels: { app: 'x' } } }),
    ],
    ['a rule with a wildcard for its own namespace', foreign('DestinationRule', 'all', { host: ALL, exportTo: ['.'] })],
    ['a rule of another namespace, whose callers would get no subsets', elsewhere('DestinationRule', { host: ALL })],
    [
      'a private rule of another namespace',
      elsewhere('DestinationRule', { host: 'cart.shop.svc.cluster.local', exportTo: ['.'] }),
    ],
  ])('keep the host: %s', (_, other) => {
    const controller = new Controller();
    controller.cluster.add(other);
    expect(controller.settle()).toEqual([]);
    const { problem } = controller.look().services.get(CART) ?? {};
    expect(problem?.reason).toBe('HostTaken');
    expect(problem?.message).toContain(other.metadata.name);
  });

  it.each([
    ['a host of another domain', foreign('DestinationRule', 'all', { host: '*.shop.svc.corp.example', trafficPolicy })],
    ['other hosts', foreign('VirtualService', 'all', { hosts: ['*.example.com'], http })],
    ['callers of another namespace alone', elsewhere('VirtualService', { hosts: [ALL], exportTo: ['.'], http })],
    ['a gateway', foreign('VirtualService', 'all', { hosts: ['*'], gateways: ['shop'], http })],
  ])('are no matter where they are for %s', (_, other) => {
    const controller = new Controller();
    controller.cluster.add(other);
    controller.settle();
    expect(controller.look().services.get(CART)?.problem).toBeUndefined();
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: carts(0, 1, 2) });
  });

  it('lend their traffic policy to the rule that takes their place, and it is said', () => {
    const controller = new Controller();
    const root = {
      ...foreign('DestinationRule', 'root', { host: '*.local', trafficPolicy: { tls: { mode: 'DISABLE' } } }),
    };
    controller.cluster.add({ ...root, metadata: { name: 'root', namespace: 'istio-system' } });
    controller.settle();
    expect(controller.cluster.get(RULE)?.spec).toMatchObject({ trafficPolicy: { tls: { mode: 'DISABLE' } } });
    expect(controller.look().services.get(CART)?.carriedOver).toBe('DestinationRule istio-system/root');
    controller.cluster.add(foreign('DestinationRule', 'all', { host: ALL, trafficPolicy }));
    expect(controller.settle()).toEqual([[`apply ${RULE}`]]);
    expect(controller.cluster.get(RULE)?.spec).toMatchObject({ trafficPolicy });
    expect(controller.look().services.get(CART)?.carriedOver).toBe('DestinationRule shop/all');
    expect(controller.settle()).toEqual([]);
  });

  it('take it along when they go, but not what others have added', () => {
    const controller = new Controller();
    controller.cluster.add(foreign('DestinationRule', 'all', { host: ALL, trafficPolicy }));
    controller.settle();
    controller.cluster.remove('DestinationRule shop/all');
    const rule = controller.cluster.get(RULE);
    const written = { 'f:spec': { 'f:host': {}, 'f:subsets': {}, 'f:trafficPolicy': { 'f:connectionPool': {} } } };
    const managed = (fieldsV1: object) => [{ manager: 'ballast-controller', operation: 'Apply', fieldsV1 }];
    if (!rule) throw new Error('there is no rule');
    controller.cluster.add({ ...rule, metadata: { ...rule.metadata, managedFields: managed(written) } as never });
    expect(controller.step()).toEqual([`apply ${RULE}`]);
    expect(controller.cluster.get(RULE)?.spec).not.toHaveProperty('trafficPolicy');
    const ours = { 'f:spec': { 'f:host': {}, 'f:subsets': {} } };
    controller.cluster.add({ ...rule, metadata: { ...rule.metadata, managedFields: managed(ours) } as never });
    expect(controller.step()).toEqual([]);
  });
});
