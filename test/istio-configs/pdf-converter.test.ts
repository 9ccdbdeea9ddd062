import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pdfConverter as application } from '../../tools/local-mesh/applications/applications.ts';
import { applicationManifests } from '../../tools/local-mesh/manifests/application-manifests.ts';
import { readMeshObjects } from '../../tools/local-mesh/envoy/mesh-objects.ts';
import { loadManifests } from '../../central-controller/cluster/manifest-files.ts';
import { KINDS } from '../../central-controller/kubernetes/kinds.ts';
import { describeManifest, selectKind, selects } from '../../central-controller/kubernetes/manifest.ts';
import { APP_FOLDER, IMAGES, imageName, NODE_PATH } from '../../tools/images/definitions.ts';
import { PINNED_FILES } from '../../tools/images/pin.ts';

const FOLDER = join(import.meta.dirname, '../../istio-configs/pdf-converter');

interface Workload {
  readonly kind: string;
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> };
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}

describe.each(['statefulset', 'deployment'] as const)('the converter as %s', (layer) => {
  test('has three replicas that one balanced Service and one headless Service select', async () => {
    const manifests = await loadManifests(join(FOLDER, layer));
    const workload = manifests.find(({ kind }) => kind.toLowerCase() === layer) as unknown as Workload;
    expect(workload.spec.replicas).toBe(3);
    const services = selectKind(await loadManifests(join(FOLDER, 'base')), KINDS.Service);
    if (!services.ok) throw new Error(services.failure.message);
    const own = services.value.filter(({ spec }) => selects(spec.selector, workload.spec.template.metadata.labels));
    expect(own.map(({ metadata, spec }) => [metadata.name, spec.clusterIP])).toEqual([
      ['pdf-converter', undefined],
      ['pdf-converter-replicas', 'None'],
    ]);
    const [container] = workload.spec.template.spec.containers;
    const peers = container?.args[container.args.indexOf('--peers') + 1];
    expect(peers).toBe('pdf-converter-replicas.pdf-converter.svc.cluster.local:8080');
    const policy = manifests.find(({ kind }) => kind === 'LoadBalancingPolicy');
    expect(policy?.spec).toEqual({
      targetRef: { kind: workload.kind, name: 'pdf-converter' },
      routing: 'Endpoint',
      mode: 'Enforce',
    });
  });
});

test('both kinds run the same pods', async () => {
  const [set, deployment] = await Promise.all(
    ['statefulset', 'deployment'].map(async (layer) => {
      const text = await readFile(join(FOLDER, layer, 'pdf-converter.yaml'), 'utf8');
      return text.slice(text.indexOf('  template:'));
    }),
  );
  expect(set).toBe(deployment);
});

test('a local mesh gets all of it but the headless Service', async () => {
  for (const routing of ['Endpoint', 'Subset'] as const) {
    const all = (await applicationManifests('pdf-converter', routing)).map(describeManifest);
    const own = await application.manifests(routing);
    const kept = new Set(own.map(describeManifest));
    expect(all.filter((name) => !kept.has(name))).toEqual(['Service pdf-converter/pdf-converter-replicas']);
    expect(readMeshObjects(own).services.map(({ name }) => name)).toEqual(['pdf-converter-gateway', 'pdf-converter']);
  }
});

test('its plugin is pinned with the others', () => {
  expect(PINNED_FILES).toContain('pdf-converter/base/wasm-plugin.yaml');
});

test('the Job is fifty clients, of a program that is in its image', async () => {
  const [job] = await loadManifests(join(FOLDER, 'load-job/job.yaml'));
  const image = IMAGES.find(({ name }) => name === 'pdf-converter');
  expect(image?.modules).toContain('apps/pdf-converter/client/main.ts');
  expect(job?.spec).toMatchObject({
    template: {
      spec: {
        containers: [
          {
            image: image && imageName(image),
            command: [NODE_PATH, `${APP_FOLDER}/apps/pdf-converter/client/main.js`],
            args: [
              '--url=http://pdf-converter-gateway.pdf-converter.svc.cluster.local',
              '--clients=50',
              '--duration=2m',
            ],
          },
        ],
      },
    },
  });
});
