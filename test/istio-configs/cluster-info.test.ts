import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadManifests } from '../../central-controller/cluster/manifest-files.ts';

const CONFIGS = join(import.meta.dirname, '../../istio-configs/cluster-info');

/** The one patch of an overlay: the pods that it makes. */
async function patchOf(overlay: string): Promise<unknown> {
  const text = await readFile(join(CONFIGS, overlay, 'kustomization.yaml'), 'utf8');
  const { patches } = parse(text) as { patches: { patch: string }[] };
  expect(patches).toHaveLength(1);
  return (parse(patches[0]?.patch ?? '') as { spec: { template: { spec: unknown } } }).spec.template.spec;
}

describe('the manifests of cluster-info', () => {
  test('update by one pod more and one less', async () => {
    const [deployment] = await loadManifests(join(CONFIGS, 'deployment/workload.yaml'));
    expect(deployment?.spec).toMatchObject({
      replicas: 3,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    });
  });

  test('are version 1.0.0, and 1.0.1 after the update', async () => {
    const [deployment] = await loadManifests(join(CONFIGS, 'deployment/workload.yaml'));
    const version = (value: string) => ({
      containers: [{ env: expect.arrayContaining([{ name: 'APP_VERSION', value }]) }],
    });
    expect(deployment?.spec).toMatchObject({ template: { spec: version('1.0.0') } });
    expect(await patchOf('rolling-update')).toMatchObject(version('1.0.1'));
  });

  test('keep pods apart by host name', async () => {
    const term = { labelSelector: { matchLabels: { app: 'cluster-info' } }, topologyKey: 'kubernetes.io/hostname' };
    expect(await patchOf('anti-affinity')).toEqual({
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    });
  });

  test('prefer nodes with the weights 100 and 50', async () => {
    const preference = (size: string) => ({ matchExpressions: [{ key: 'size', operator: 'In', values: [size] }] });
    expect(await patchOf('node-affinity')).toEqual({
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, preference: preference('large') },
            { weight: 50, preference: preference('medium') },
          ],
        },
      },
    });
  });

  test('tolerate the taint class=vip:NoSchedule in one folder alone', async () => {
    const toleration = { key: 'class', operator: 'Equal', value: 'vip', effect: 'NoSchedule' };
    expect(await patchOf('toleration')).toEqual({ tolerations: [toleration] });
  });
});
