import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import { renderRouting } from '../../../central-controller/routing/render-routing.ts';

function manifest(kind: string, name: string, spec: object, extra: object = {}): Manifest {
  const group = { StatefulSet: 'apps/v1', LoadBalancingPolicy: 'ballast.dev/v1alpha1' }[kind] ?? 'v1';
  return { apiVersion: group, kind, metadata: { name, namespace: 'shop', ...extra }, spec };
}

function service(name: string, spec: object = {}): Manifest {
  return manifest('Service', name, { selector: { app: name }, ports: [{ name: 'http', port: 80 }], ...spec });
}

function statefulSet(name: string, spec: object = {}): Manifest {
  return manifest('StatefulSet', name, {
    serviceName: name,
    template: { metadata: { labels: { app: name } } },
    ...spec,
  });
}

function pod(app: string, name: string): Manifest {
  return manifest('Pod', name, {}, { labels: { app } });
}

function policy(name: string, spec: object = {}): Manifest {
  return manifest('LoadBalancingPolicy', name, { targetRef: { kind: 'StatefulSet', name }, ...spec });
}

function subsets(manifests: readonly Manifest[]): string[] {
  const rendered = renderRouting(manifests, { routing: 'Subset' });
  if (!rendered.ok) throw new Error(rendered.failure.message);
  const [rule] = rendered.value as readonly (Manifest & { spec?: { subsets?: { name: string }[] } })[];
  return rule?.spec?.subsets?.map(({ name }) => name) ?? [];
}

function kinds(manifests: readonly Manifest[], request: Parameters<typeof renderRouting>[1] = {}): string[] {
  const rendered = renderRouting(manifests, request);
  if (!rendered.ok) throw new Error(rendered.failure.message);
  return rendered.value.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
}

function complaint(manifests: readonly Manifest[], request: Parameters<typeof renderRouting>[1] = {}): string {
  const rendered = renderRouting(manifests, request);
  return rendered.ok ? '' : `${rendered.failure.code}: ${rendered.failure.message}`;
}

describe('the replicas of a StatefulSet', () => {
  it('are counted from its first ordinal', () => {
    expect(subsets([service('cart'), statefulSet('cart', { replicas: 2, ordinals: { start: 5 } })])).toEqual([
      'cart-5',
      'cart-6',
    ]);
    expect(subsets([service('cart'), statefulSet('cart')])).toEqual(['cart-0']);
  });

  it('are the pods that are there, if pods are given', () => {
    const pods = ['cart-11', 'cart-3', 'cart-extra', 'cartoon-1'].map((name) => pod('cart', name));
    expect(subsets([service('cart'), statefulSet('cart', { replicas: 9 }), ...pods])).toEqual(['cart-3', 'cart-11']);
  });
});

describe('which services are rendered', () => {
  const all = [service('cart'), statefulSet('cart'), service('user'), statefulSet('user'), service('plain')];

  it('are those of StatefulSets, in Endpoint routing unless asked otherwise', () => {
    expect(kinds(all)).toEqual(['Service cart', 'Service user']);
  });

  it('are those that policies name and do not turn off, in the routing that they say', () => {
    expect(kinds([...all, policy('cart', { routing: 'Subset' }), policy('user', { mode: 'Off' })])).toEqual([
      'DestinationRule ballast-cart',
      'VirtualService ballast-cart',
    ]);
    expect(kinds([...all, policy('cart', { routing: 'Subset' })], { routing: 'Endpoint' })).toEqual(['Service cart']);
  });

  it('can be one by its name', () => {
    expect(kinds(all, { service: 'user' })).toEqual(['Service user']);
    expect(complaint(all, { service: 'plain' })).toMatch(/^INVALID_FLAG: --from: .*named plain/);
  });

  it('never are headless ones, which Istio does not balance', () => {
    expect(complaint([service('cart', { clusterIP: 'None' }), statefulSet('cart')])).toContain('INVALID_FLAG');
  });
});

describe('a manifest that is wrong', () => {
  it('is named with its field', () => {
    expect(complaint([service('cart', { ports: [{ port: 0 }] })])).toMatch(
      /^INVALID_MANIFEST: Service shop\/cart: spec\.ports\[0\]\.port/,
    );
    expect(complaint([statefulSet('cart', { replicas: -1 })])).toMatch(/StatefulSet shop\/cart: spec\.replicas/);
  });

  it('is refused where a subset could not have the name of its replica', () => {
    const dotted = [service('cart.v2'), statefulSet('cart.v2')];
    expect(complaint(dotted, { routing: 'Subset' })).toContain('cart.v2-0 cannot be the name of a subset');
    expect(complaint(dotted, { routing: 'Endpoint' })).toBe('');
  });
});

function rule(name: string, spec: object, metadata: object = {}): Manifest {
  const object = manifest('DestinationRule', name, { host: HOST, ...spec }, metadata);
  return { ...object, apiVersion: 'networking.istio.io/v1' };
}

function routes(name: string, spec: object): Manifest {
  return { ...manifest('VirtualService', name, spec), apiVersion: 'networking.istio.io/v1' };
}

const HOST = 'cart.shop.svc.cluster.local';

function rendered(manifests: readonly Manifest[], request: Parameters<typeof renderRouting>[1] = {}) {
  const notes: string[] = [];
  const result = renderRouting(manifests, { routing: 'Subset', onNote: (text) => notes.push(text), ...request });
  if (!result.ok) throw new Error(result.failure.message);
  return { notes, names: result.value.map(({ kind, metadata }) => `${kind} ${metadata.name}`), objects: result.value };
}

describe('rules of the user for a host', () => {
  const cart = [service('cart'), statefulSet('cart')];
  const pool = { trafficPolicy: { connectionPool: { http: { maxRetries: 9 } } } };

  it.each([
    ['private to another namespace', rule('other', { exportTo: ['.'] }, { namespace: 'elsewhere' })],
    ['of another namespace', rule('other', {}, { namespace: 'elsewhere' })],
    ['for some workloads', rule('other', { workloadSelector: { matchLabels: { app: 'x' } } })],
    ['for its own namespace', rule('other', { exportTo: ['.'] })],
  ])('get no subsets if they are %s, in any order, and it is said', (_, other) => {
    const own = rule('mine', pool);
    for (const rules of [
      [own, other],
      [other, own],
    ]) {
      const { names, notes, objects } = rendered([...cart, ...rules]);
      expect(names).toEqual(['DestinationRule mine', 'VirtualService ballast-cart']);
      expect(objects[0]?.spec).toMatchObject({ ...pool, subsets: [{ name: 'cart-0' }] });
      expect(notes).toEqual([expect.stringMatching(/^DestinationRule \w+\/other: is for cart\.shop/)]);
    }
    expect(rendered([...cart, other]).names).toEqual(['DestinationRule ballast-cart', 'VirtualService ballast-cart']);
  });

  it('of one host count by their age: the oldest is extended', () => {
    const old = rule('z-old', {}, { creationTimestamp: '2024-01-01T00:00:00Z' });
    const young = rule('a-new', {}, { creationTimestamp: '2026-01-01T00:00:00Z' });
    for (const rules of [
      [old, young],
      [young, old],
    ]) {
      expect(rendered([...cart, ...rules]).names[0]).toBe('DestinationRule z-old');
    }
  });

  it('with a wildcard lend their traffic policy to the rule that takes their place, and it is said', () => {
    const { objects, notes } = rendered([...cart, rule('all', { host: '*.shop.svc.cluster.local', ...pool })]);
    expect(objects[0]).toMatchObject({ metadata: { name: 'ballast-cart' }, spec: { host: HOST, ...pool } });
    expect(notes).toEqual([
      `DestinationRule shop/all: its traffic policy is carried over to the rule for ${HOST}, which takes its place`,
    ]);
  });

  it('are known by short names and in the domain of the cluster', () => {
    for (const host of ['cart', 'cart.shop.svc.corp.example']) {
      const { names } = rendered([...cart, rule('mine', { host })], { clusterDomain: 'corp.example' });
      expect(names[0]).toBe('DestinationRule mine');
    }
    const { objects } = rendered(cart, { clusterDomain: 'corp.example' });
    expect(objects[0]?.spec).toMatchObject({ host: 'cart.shop.svc.corp.example' });
  });
});

it('a VirtualService with a wildcard that leads elsewhere keeps the host, and it is said', () => {
  const all = routes('all', {
    hosts: ['*.shop.svc.cluster.local'],
    http: [{ route: [{ destination: { host: 'user' } }] }],
  });
  const { names, notes } = rendered([service('cart'), statefulSet('cart'), all]);
  expect(names).toEqual(['DestinationRule ballast-cart']);
  expect(notes).toEqual([`VirtualService shop/all: decides on requests to ${HOST}, but has no route to it to extend`]);
});

describe('a policy', () => {
  const deployment = manifest('Deployment', 'cart', { template: { metadata: { labels: { app: 'web' } } } });
  const web = service('web');

  it('for a Deployment does not mean the StatefulSet of that name', () => {
    const target = { targetRef: { kind: 'Deployment', name: 'cart' } };
    const all = [service('cart'), statefulSet('cart'), web, { ...deployment, apiVersion: 'apps/v1' }];
    expect(kinds([...all, policy('cart', target)])).toEqual(['Service web']);
    expect(complaint([...all, policy('cart', target)], { routing: 'Subset' })).toContain(
      'Service shop/web: spec.selector: selects the pods of no StatefulSet',
    );
  });

  it('that leads to no Service among the manifests is told', () => {
    const { names, notes } = rendered([service('cart'), statefulSet('cart'), policy('cart'), policy('pay')], {
      routing: 'Endpoint',
    });
    expect(names).toEqual(['Service cart']);
    expect(notes).toEqual(['LoadBalancingPolicy shop/pay: spec.targetRef.name: there is no StatefulSet shop/pay']);
  });

  it('for a Service that is balanced on each node apart is told so, as by the controller', () => {
    const local = service('cart', { internalTrafficPolicy: 'Local' });
    const notes: string[] = [];
    const result = renderRouting([local, statefulSet('cart'), policy('cart')], { onNote: (text) => notes.push(text) });
    expect(result.ok).toBe(false);
    expect(notes[0]).toContain('Service shop/cart has spec.internalTrafficPolicy: Local');
  });
});
