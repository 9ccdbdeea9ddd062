import { describe, expect, it } from 'vitest';
import { destinationRule, subsetRouting } from '../../../central-controller/routing/istio-objects.ts';
import { Controller, DELEGATE, foreign, ROUTES, RULE } from './support/controller.ts';

const CART = 'shop/cart';
const HOST = 'cart.shop.svc.corp.example';

function inDomain(): Controller {
  const controller = new Controller();
  controller.cluster.clusterDomain = 'corp.example';
  return controller;
}

describe('in a cluster of another domain', () => {
  it('all objects name hosts in it, and once they do the weights hold', () => {
    const controller = inDomain();
    controller.settle();
    const objects = [RULE, ROUTES, DELEGATE].map((name) => controller.cluster.get(name));
    expect(objects).toMatchObject([{ spec: { host: HOST } }, { spec: { hosts: [HOST] } }, { kind: 'VirtualService' }]);
    expect(JSON.stringify(objects)).not.toContain('cluster.local');
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: ['cart-0', 'cart-1', 'cart-2'] });
    expect(controller.settle()).toEqual([]);
  });

  it('objects of before it was named are brought over', () => {
    const controller = new Controller();
    controller.settle();
    controller.cluster.clusterDomain = 'corp.example';
    controller.settle();
    const objects = [RULE, ROUTES, DELEGATE].map((name) => controller.cluster.get(name));
    expect(JSON.stringify(objects)).not.toContain('cluster.local');
    expect(controller.table()).toEqual({ routing: 'Subset', replicas: ['cart-0', 'cart-1', 'cart-2'] });
  });

  it.each(['cart', HOST])("somebody else's objects are known by the host %s", (host) => {
    for (const other of [
      foreign('VirtualService', 'mine', { hosts: [host], http: [{ route: [{ destination: { host } }] }] }),
      foreign('DestinationRule', 'mine', { host }),
    ]) {
      const controller = inDomain();
      controller.cluster.add(other);
      expect(controller.settle()).toEqual([]);
      expect(controller.look().services.get(CART)?.problem).toMatchObject({ reason: 'HostTaken' });
    }
    const controller = inDomain();
    const http = [{ route: [{ destination: { host } }] }];
    controller.cluster.add(foreign('VirtualService', 'ingress', { hosts: ['*'], gateways: ['shop'], http }));
    expect(controller.look().services.get(CART)?.bareGateways).toEqual(['shop/ingress']);
  });

  it('a host of the usual domain is another one', () => {
    const controller = inDomain();
    controller.cluster.add(foreign('DestinationRule', 'mine', { host: 'cart.shop.svc.cluster.local' }));
    controller.settle();
    expect(controller.look().services.get(CART)?.problem).toBeUndefined();
  });

  it('what stands is extended whether it has short names or full ones', () => {
    const cart = { namespace: 'shop', name: 'cart', clusterDomain: 'corp.example', replicas: ['cart-0'] };
    for (const host of ['cart', HOST]) {
      const metadata = { name: 'mine', namespace: 'shop' };
      const rule = { ...destinationRule(cart), metadata, spec: { host } };
      const routes = {
        ...rule,
        kind: 'VirtualService',
        spec: { hosts: [host], http: [{ route: [{ destination: { host } }] }] },
      };
      const once = subsetRouting([cart], { destinationRules: [rule], virtualServices: [routes] });
      expect(once).toMatchObject([
        { metadata, spec: { host, subsets: [{ name: 'cart-0' }] } },
        { metadata, spec: { hosts: [host], http: [{ route: [{ destination: { subset: 'cart-0' } }] }, {}] } },
      ]);
      const [first, second] = once as [typeof rule, typeof routes];
      expect(subsetRouting([cart], { destinationRules: [first], virtualServices: [second] })).toEqual(once);
    }
  });
});
