import { describe, expect, it } from 'vitest';
import { renderBootstrap } from '../../../../tools/local-mesh/envoy/render.ts';
import type { Manifest } from '../../../../central-controller/kubernetes/manifest.ts';

const proxy = {
  kind: 'sidecar',
  pod: 'cart-0',
  namespace: 'shop',
  ip: '127.0.0.1',
  agentAddress: '127.0.0.1:15080',
  pluginPath: '/plugin.wasm',
  labels: {},
} as const;

function manifest(apiVersion: string, kind: string, spec: object): Manifest {
  return { apiVersion, kind, metadata: { name: 'cart', namespace: 'shop' }, spec };
}

const istio = (kind: string, spec: object) => manifest('networking.istio.io/v1', kind, spec);
const route = { destination: { host: 'cart' } };

/** What the local mesh cannot render would make it differ from a cluster without a word. */
describe('what cannot be rendered is refused by name', () => {
  it.each([
    [
      'Service shop/cart: spec.ports',
      manifest('v1', 'Service', { selector: { app: 'cart' }, ports: [{ name: 'redis', port: 6379 }] }),
    ],
    [
      'Service shop/cart: spec.ports',
      manifest('v1', 'Service', { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] }),
    ],
    [
      'VirtualService shop/cart: spec.http[0].fault: is not a known field',
      istio('VirtualService', { hosts: ['cart'], http: [{ route: [route], fault: {} }] }),
    ],
    [
      'VirtualService shop/cart: spec.http[0].route',
      istio('VirtualService', { hosts: ['cart'], http: [{ route: [route, route] }] }),
    ],
    [
      'VirtualService shop/cart: spec.http[0].timeout',
      istio('VirtualService', { hosts: ['cart'], http: [{ route: [route], timeout: 'soon' }] }),
    ],
    [
      'VirtualService shop/cart: spec.tcp: is not a known field',
      istio('VirtualService', { hosts: ['cart'], http: [{ route: [route] }], tcp: [] }),
    ],
    [
      'DestinationRule shop/cart: spec.trafficPolicy.tls: is not a known field',
      istio('DestinationRule', { host: 'cart', trafficPolicy: { tls: { mode: 'SIMPLE' } } }),
    ],
    [
      'DestinationRule shop/cart: spec.trafficPolicy.loadBalancer.simple',
      istio('DestinationRule', { host: 'cart', trafficPolicy: { loadBalancer: { simple: 'PASSTHROUGH' } } }),
    ],
    [
      'Gateway shop/cart: spec.servers[0].port.protocol',
      istio('Gateway', { selector: { a: 'b' }, servers: [{ port: { number: 443, protocol: 'HTTPS' }, hosts: ['*'] }] }),
    ],
    [
      'WasmPlugin shop/cart: spec.phase',
      manifest('extensions.istio.io/v1alpha1', 'WasmPlugin', { url: 'file:///p.wasm', phase: 'AUTHN' }),
    ],
  ])('%s', (message, object) => {
    expect(() => renderBootstrap(proxy, [object])).toThrow(message);
  });
});
