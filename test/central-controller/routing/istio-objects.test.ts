import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpRoutes, type VirtualService } from '../../../central-controller/kubernetes/istio.ts';
import {
  destinationRule,
  endpointRouting,
  expandVirtualService,
  subsetRouting,
} from '../../../central-controller/routing/istio-objects.ts';

const cart = { namespace: 'shop', name: 'cart', replicas: ['cart-10', 'cart-2', 'cart-0'] };
const HOST = 'cart.shop.svc.cluster.local';

function ingress(http: VirtualService['spec']['http']): VirtualService {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'ingress', namespace: 'shop' },
    spec: { hosts: ['*'], gateways: ['shop'], ...(http ? { http } : {}) },
  };
}

function chosen(vs: VirtualService): (string | undefined)[] {
  return httpRoutes(vs).map(({ route }) => route?.[0]?.destination.subset);
}

describe('a DestinationRule', () => {
  it('has one subset per replica by its pod name, in the order of the ordinals', () => {
    expect(destinationRule(cart)).toEqual({
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'ballast-cart', namespace: 'shop', labels: { 'app.kubernetes.io/managed-by': 'ballast' } },
      spec: {
        host: HOST,
        subsets: ['cart-0', 'cart-2', 'cart-10'].map((name) => ({
          name,
          labels: { 'statefulset.kubernetes.io/pod-name': name },
        })),
      },
    });
  });

  it('keeps what the user wrote, and drops subsets of replicas that are gone', () => {
    const before = {
      ...destinationRule({ ...cart, replicas: ['cart-7'] }),
      metadata: { name: 'mine', namespace: 'shop' },
      spec: {
        host: 'cart',
        trafficPolicy: { connectionPool: { tcp: { maxConnections: 9 } } },
        subsets: [
          { name: 'canary', labels: { version: 'v2' } },
          { name: 'cart-7', labels: { 'statefulset.kubernetes.io/pod-name': 'cart-7' } },
        ],
      },
    };
    const after = destinationRule(cart, { existing: before });
    expect(after.metadata).toEqual({ name: 'mine', namespace: 'shop' });
    expect(after.spec).toMatchObject({ host: 'cart', trafficPolicy: before.spec.trafficPolicy });
    expect(after.spec.subsets?.map(({ name }) => name)).toEqual(['canary', 'cart-0', 'cart-2', 'cart-10']);
  });
});

describe('a VirtualService', () => {
  it('repeats each match of the user with the header of each replica, and leaves the rest of the route alone', () => {
    const route = {
      timeout: '2s',
      match: [{ uri: { prefix: '/cart' } }, { headers: { 'x-user': { exact: 'me' } } }],
      route: [{ destination: { host: 'cart' } }],
    };
    const expanded = expandVirtualService(ingress([route]), [{ ...cart, replicas: ['cart-1'] }]);
    expect(expanded.spec.http?.[0]).toEqual({
      timeout: '2s',
      match: [
        { uri: { prefix: '/cart' }, headers: { 'x-lb-endpt': { exact: 'cart-1' } } },
        { headers: { 'x-user': { exact: 'me' }, 'x-lb-endpt': { exact: 'cart-1' } } },
      ],
      route: [{ destination: { host: 'cart', subset: 'cart-1' } }],
    });
    expect(chosen(expanded)).toEqual(['cart-1', undefined]);
  });

  it('leaves routes to other services, to a subset of the user and to several destinations as they are', () => {
    const http = [
      { route: [{ destination: { host: 'other' } }] },
      { route: [{ destination: { host: HOST, subset: 'canary' } }] },
      { route: [{ destination: { host: HOST } }, { destination: { host: 'other' } }] },
    ];
    expect(expandVirtualService(ingress(http), [cart]).spec.http).toEqual(http);
  });

  it('keeps the routes of a service that is not rendered this time', () => {
    const other = { namespace: 'shop', name: 'user', replicas: ['user-0'] };
    const both = expandVirtualService(
      ingress([
        { match: [{}], route: [{ destination: { host: 'user' } }] },
        { route: [{ destination: { host: HOST } }] },
      ]),
      [cart, other],
    );
    const again = expandVirtualService(both, [{ ...cart, replicas: ['cart-0'] }]);
    expect(chosen(again)).toEqual(['user-0', undefined, 'cart-0', undefined]);
  });
});

const replicas = fc.uniqueArray(
  fc.nat(2000).map((ordinal) => `cart-${ordinal}`),
  { maxLength: 40 },
);

describe('for any set of replicas', () => {
  it('each has its route and its subset, the last route has none, and order of input does not show', () => {
    fc.assert(
      fc.property(replicas, (names) => {
        const [rule, vs] = subsetRouting([{ ...cart, replicas: names }], { destinationRules: [], virtualServices: [] });
        const reversed = subsetRouting([{ ...cart, replicas: names.toReversed() }], {
          destinationRules: [],
          virtualServices: [],
        });
        const subsets = (rule as ReturnType<typeof destinationRule>).spec.subsets?.map(({ name }) => name) ?? [];
        expect(new Set(subsets)).toEqual(new Set(names));
        expect(chosen(vs as VirtualService)).toEqual([...subsets, undefined]);
        expect(reversed).toEqual([rule, vs]);
      }),
    );
  });

  it('rendering again after a change is the same as rendering afresh', () => {
    const original = ingress([
      { match: [{ headers: { 'x-user': { exact: 'me' } } }], route: [{ destination: { host: 'cart' } }] },
      { route: [{ destination: { host: HOST } }] },
    ]);
    fc.assert(
      fc.property(replicas, replicas, (before, after) => {
        const first = expandVirtualService(original, [{ ...cart, replicas: before }]);
        const second = expandVirtualService(first, [{ ...cart, replicas: after }]);
        expect(second).toEqual(expandVirtualService(original, [{ ...cart, replicas: after }]));
      }),
    );
  });
});

describe('several services', () => {
  const user = { namespace: 'shop', name: 'user', replicas: ['user-0'] };

  it('come as DestinationRules before VirtualServices, so that no route names a subset that is not there', () => {
    const objects = subsetRouting([user, cart], { destinationRules: [], virtualServices: [] });
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'DestinationRule ballast-cart',
      'DestinationRule ballast-user',
      'VirtualService ballast-cart',
      'VirtualService ballast-user',
    ]);
  });

  it('get no second VirtualService where the user has one for the host', () => {
    const mine: VirtualService = {
      ...ingress([{ route: [{ destination: { host: 'cart' } }] }]),
      metadata: { name: 'mine', namespace: 'shop' },
      spec: { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' } }] }] },
    };
    const objects = subsetRouting([cart], { destinationRules: [], virtualServices: [mine] });
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'DestinationRule ballast-cart',
      'VirtualService mine',
    ]);
  });

  it('need only a label each in Endpoint routing', () => {
    expect(endpointRouting([user, cart])).toEqual(
      ['cart', 'user'].map((name) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: 'shop', labels: { 'istio.io/persistent-session-header': 'x-lb-session' } },
      })),
    );
  });
});
