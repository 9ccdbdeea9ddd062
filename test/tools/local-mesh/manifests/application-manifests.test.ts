import { describe, expect, it } from 'vitest';
import { SESSION_LABEL } from '../../../../central-controller/routing/istio-names.ts';
import { APPLICATION_NAMES, applicationNamed } from '../../../../tools/local-mesh/applications/applications.ts';
import { scaledManifests } from '../../../../tools/local-mesh/manifests/application-manifests.ts';
import { KINDS } from '../../../../central-controller/kubernetes/kinds.ts';
import { type Manifest, selectKind, selects } from '../../../../central-controller/kubernetes/manifest.ts';
import type { LoadBalancingPolicy } from '../../../../contract/policy.ts';

function named(manifests: readonly Manifest[], kind: string): string[] {
  return manifests
    .filter((manifest) => manifest.kind === kind)
    .map(({ metadata }) => metadata.name)
    .toSorted();
}

/** Labels of the Services that these services' pods are called by. */
function serviceLabels(manifests: readonly Manifest[], services: readonly string[]) {
  const read = selectKind(manifests, KINDS.Service);
  if (!read.ok) throw new Error(read.failure.message);
  return services.map((app) => {
    const own = read.value.find(({ spec }) => spec.clusterIP !== 'None' && selects(spec.selector, { app }));
    return own?.metadata.labels ?? {};
  });
}

describe.each(APPLICATION_NAMES)('the manifests of %s', (name) => {
  it.each(['Endpoint', 'Subset'] as const)('balance each of its services, by %s routing', async (routing) => {
    const application = applicationNamed(name);
    const manifests = await application.manifests(routing);
    const { services } = application;
    expect(named(manifests, 'StatefulSet')).toEqual(services.toSorted());
    expect(named(manifests, 'Namespace')).toEqual([name]);
    expect(manifests.every(({ kind, metadata }) => kind === 'Namespace' || metadata.namespace === name)).toBe(true);
    const policies = manifests.filter(({ kind }) => kind === 'LoadBalancingPolicy') as unknown as LoadBalancingPolicy[];
    expect(policies.map(({ spec }) => spec.targetRef.name).toSorted()).toEqual(services.toSorted());
    expect(policies.map(({ spec }) => spec.routing)).toEqual(services.map(() => routing));
    const session = routing === 'Endpoint' ? 'x-lb-session' : undefined;
    const labels = serviceLabels(manifests, services);
    expect(labels.map((each) => each[SESSION_LABEL])).toEqual(services.map(() => session));
    expect(named(manifests, 'DestinationRule')).toHaveLength(routing === 'Endpoint' ? 0 : services.length);
  });
});

it('has subsets and routes for as many replicas as are asked for', async () => {
  const application = applicationNamed('hotel-reservation');
  const scaled = scaledManifests(await application.manifests('Subset'), 5, 'Subset');
  const text = (kind: string, name: string) =>
    JSON.stringify(scaled.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)?.spec);
  for (const spec of [text('DestinationRule', 'ballast-geo'), text('VirtualService', 'ballast-geo')]) {
    expect([...new Set(spec.match(/geo-\d/g))].toSorted()).toEqual([0, 1, 2, 3, 4].map((ordinal) => `geo-${ordinal}`));
  }
});

it('names the applications that there are when asked for another', async () => {
  expect(() => applicationNamed('spa')).toThrow(/no application spa, but .*hotel-reservation/);
});
