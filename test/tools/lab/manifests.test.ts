/** What the lab makes of the applications' manifests, with kustomize. */
import { expect, test } from 'vitest';
import { APPLICATION_NAMES, applicationNamed } from '../../../tools/local-mesh/applications/applications.ts';
import { kustomize } from '../../cluster/install/render.ts';

interface Workload {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly nodeSelector?: unknown;
        readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
        readonly containers: readonly {
          readonly imagePullPolicy?: string;
          readonly resources: { readonly requests: { readonly cpu: string } };
        }[];
      };
    };
  };
}

test.each(APPLICATION_NAMES)(
  '%s has small replicas, one on each node, and all else on the control plane',
  async (name) => {
    const objects = (await kustomize(`../tools/lab/manifests/${name}`)) as unknown as Workload[];
    const sets = objects.filter(({ kind }) => kind === 'StatefulSet');
    const { services } = applicationNamed(name);
    expect(sets.map(({ metadata }) => metadata.name).toSorted()).toEqual(services.toSorted());
    for (const { spec } of sets) {
      expect(spec.template.spec.containers[0]?.resources.requests.cpu).toBe('10m');
      const [spread] = spec.template.spec.topologySpreadConstraints ?? [];
      expect(spread?.topologyKey).toBe('kubernetes.io/hostname');
      expect(spec.template.spec.nodeSelector).toBeUndefined();
    }
    const others = objects.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
    expect(others.length).toBeGreaterThan(0);
    for (const { spec } of others) {
      expect(spec.template.spec.nodeSelector).toEqual({ 'kubernetes.io/hostname': 'control-plane' });
    }
    const gateway = others.find(({ metadata }) => metadata.name.endsWith('-gateway'));
    expect(gateway?.spec.template.spec.containers[0]?.imagePullPolicy).toBe('IfNotPresent');
  },
);
