import { describe, expect, it } from 'vitest';
import { httpRoutes, type VirtualService } from '../../../central-controller/kubernetes/istio.ts';
import { Controller, DELEGATE, foreign, ROUTES, RULE, settled } from './support/controller.ts';

const CART = 'shop/cart';

describe('gateways in Subset routing', () => {
  const ingress = (route: object) =>
    foreign('VirtualService', 'ingress', { hosts: ['*'], gateways: ['shop'], http: [route] });

  it('are named while they lead to the service without choosing a replica', () => {
    const controller = settled();
    controller.cluster.add(ingress({ route: [{ destination: { host: 'cart' } }] }));
    expect(controller.look().services.get(CART)).toMatchObject({ bareGateways: ['shop/ingress'], problem: undefined });
    controller.cluster.add(ingress({ delegate: { name: 'ballast-cart.delegate' } }));
    expect(controller.look().services.get(CART)?.bareGateways).toEqual([]);
  });

  it('keep their way to the service for as long as they delegate to it, whatever becomes of the policy', () => {
    const controller = settled();
    const { cluster } = controller;
    cluster.add(ingress({ delegate: { name: 'ballast-cart.delegate' } }));
    cluster.state.hasPolicy = false;
    controller.settle();
    expect([cluster.get(RULE), cluster.get(ROUTES)]).toEqual([undefined, undefined]);
    const host = 'cart.shop.svc.cluster.local';
    expect(cluster.get(DELEGATE)).toMatchObject({ spec: { http: [{ route: [{ destination: { host } }] }] } });
    cluster.remove('VirtualService shop/ingress');
    expect(controller.settle()).toEqual([[`delete ${DELEGATE}`]]);
  });

  it.each([
    { ports: [{ name: 'http', port: 8080 }], port: undefined },
    {
      ports: [
        { name: 'metrics', port: 9090 },
        { name: 'http', port: 8080 },
      ],
      port: 8080,
    },
  ])('are told a port of the Service if it has several: $ports', ({ ports, port }) => {
    const controller = new Controller();
    controller.cluster.ports = ports;
    controller.settle();
    expect(portsOf(controller, DELEGATE)).toEqual([port, port, port, port]);
    // Inside the mesh it is the port that was called.
    expect(portsOf(controller, ROUTES)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('are told of it once a second port comes, and keep it without the policy', () => {
    const controller = settled();
    const { cluster } = controller;
    cluster.ports = [...cluster.ports, { name: 'metrics', port: 9090 }];
    expect(controller.settle()).toEqual([[`apply ${DELEGATE}`]]);
    expect(portsOf(controller, DELEGATE)).toEqual([80, 80, 80, 80]);
    cluster.add(ingress({ delegate: { name: 'ballast-cart.delegate' } }));
    cluster.state.hasPolicy = false;
    controller.settle();
    expect(portsOf(controller, DELEGATE)).toEqual([80]);
  });
});

/** The port that each route of an object names. */
function portsOf(controller: Controller, name: string): (number | undefined)[] {
  return httpRoutes(controller.cluster.get(name) as VirtualService).map(
    ({ route }) => route?.[0]?.destination.port?.number,
  );
}
