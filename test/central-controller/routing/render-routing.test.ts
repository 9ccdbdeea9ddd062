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
