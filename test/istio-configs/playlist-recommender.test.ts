import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadManifests } from '../../central-controller/cluster/manifest-files.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const CONFIGS = join(CHECKOUT, 'istio-configs/playlist-recommender');

interface PodSpec {
  readonly containers: readonly {
    readonly env: readonly { readonly name: string; readonly value?: string }[];
    readonly volumeMounts: readonly {
      readonly name: string;
      readonly mountPath: string;
      readonly readOnly?: boolean;
    }[];
  }[];
  readonly volumes: readonly {
    readonly name: string;
    readonly persistentVolumeClaim: { readonly claimName: string };
  }[];
}

async function specOf<T>(file: string, kind: string): Promise<T> {
  const found = (await loadManifests(join(CONFIGS, file))).find((manifest) => manifest.kind === kind);
  if (found?.spec === undefined) throw new Error(`${file} has no ${kind}`);
  return found.spec as T;
}

async function podOf(file: string, kind: string): Promise<PodSpec> {
  return (await specOf<{ template: { spec: PodSpec } }>(file, kind)).template.spec;
}

describe('the manifests of the playlist recommender', () => {
  test('let the Job go a minute after its end', async () => {
    expect(await specOf('base/mine-rules.yaml', 'Job')).toMatchObject({ ttlSecondsAfterFinished: 60 });
  });

  test('let miner and replicas share a volume, which only the miner writes', async () => {
    const claim = await specOf('base/rules-volume.yaml', 'PersistentVolumeClaim');
    expect(claim).toMatchObject({ accessModes: ['ReadWriteMany'] });
    const pods = await Promise.all([
      podOf('base/mine-rules.yaml', 'Job'),
      podOf('statefulset/workload.yaml', 'StatefulSet'),
      podOf('deployment/workload.yaml', 'Deployment'),
    ]);
    for (const { containers, volumes } of pods) {
      expect(volumes).toEqual([{ name: 'rules', persistentVolumeClaim: { claimName: 'rules' } }]);
      const [mount] = containers[0]?.volumeMounts ?? [];
      const folder = containers[0]?.env.find(({ name }) => name === 'DATA_DIR')?.value;
      expect(mount).toMatchObject({ name: 'rules', mountPath: folder });
    }
    expect(pods.map(({ containers }) => containers[0]?.volumeMounts[0]?.readOnly)).toEqual([undefined, true, true]);
  });

  test('mine another data set by a Job of another name, whose first variable it is', async () => {
    const [dataset] = (await podOf('base/mine-rules.yaml', 'Job')).containers[0]?.env ?? [];
    expect(dataset).toEqual({ name: 'DATASET_URL', value: 'generated:' });
    const { patches } = parse(await readFile(join(CONFIGS, 'new-data/kustomization.yaml'), 'utf8')) as {
      patches: { target: object; patch: string }[];
    };
    expect(patches[0]?.target).toEqual({ kind: 'Job', name: 'mine-rules' });
    expect(parse(patches[0]?.patch ?? '')).toEqual([
      { op: 'replace', path: '/metadata/name', value: 'mine-new-rules' },
      {
        op: 'replace',
        path: '/spec/template/spec/containers/0/env/0',
        value: { name: 'DATASET_URL', value: 'generated:2' },
      },
    ]);
  });

  test('give Argo CD a folder that is there, of a repository that names no real host', async () => {
    interface ArgoSpec {
      readonly source: { readonly repoURL: string; readonly path: string };
    }
    const { source } = await specOf<ArgoSpec>('argo-cd/application.yaml', 'Application');
    expect(existsSync(join(CHECKOUT, source.path, 'kustomization.yaml'))).toBe(true);
    // RFC 2606: a name that does not exist.
    expect(new URL(source.repoURL).hostname).toMatch(/\.invalid$/);
  });
});
