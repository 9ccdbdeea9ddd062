/** What the manifests start is what the program takes, and listens where the Services lead. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SERVICE_NAMES, readFlags } from '../../apps/video-recommendation/flags.ts';
import { loadManifests } from '../../central-controller/cluster/manifest-files.ts';
import type { Manifest } from '../../central-controller/kubernetes/manifest.ts';
import { IMAGES, imageName } from '../../tools/images/definitions.ts';

const FOLDER = join(import.meta.dirname, '../../istio-configs/video-recommendation');

interface Workload {
  readonly spec: {
    readonly replicas: number;
    readonly template: {
      readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly args: readonly string[];
          readonly ports: readonly { readonly containerPort: number }[];
        }[];
      };
    };
  };
}

interface Service {
  readonly spec: { readonly ports: readonly { readonly port: number; readonly targetPort: number }[] };
}

describe.each(['StatefulSet', 'Deployment'])('as a %s', (kind) => {
  async function find<T>(ofKind: string, name: string): Promise<Manifest & T> {
    const folders = ['base', kind.toLowerCase()].map((layer) => loadManifests(join(FOLDER, layer)));
    const manifests = (await Promise.all(folders)).flat();
    const found = manifests.find((manifest) => manifest.kind === ofKind && manifest.metadata.name === name);
    if (!found) throw new Error(`no ${ofKind} ${name}`);
    return found as Manifest & T;
  }

  it.each(SERVICE_NAMES)('%s listens where its Service leads', async (name) => {
    const { spec } = await find<Workload>(kind, name);
    expect(spec.replicas).toBe(3);
    const [container] = spec.template.spec.containers;
    const port = container?.ports[0]?.containerPort;
    expect(readFlags(container?.args ?? [])).toMatchObject({
      ok: true,
      value: { service: name, listen: `0.0.0.0:${port}` },
    });
    const service = await find<Service>('Service', name);
    expect(service.spec.ports).toEqual([{ name: 'http', port: 8080, targetPort: port }]);
    const image = IMAGES.find((each) => each.name === 'video-recommendation');
    expect(container?.image).toBe(image && imageName(image));
  });

  it('Prometheus scrapes what has statistics, where it serves', async () => {
    const { spec } = await find<Workload>(kind, 'video-recommendation');
    const { metadata, spec: pod } = spec.template;
    expect(metadata.annotations).toEqual({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': String(pod.containers[0]?.ports[0]?.containerPort),
      'prometheus.io/path': '/metrics',
    });
  });

  it.each(SERVICE_NAMES)('%s is balanced', async (name) => {
    const policy = await find<{ spec: unknown }>('LoadBalancingPolicy', name);
    expect(policy.spec).toEqual({ targetRef: { kind, name }, mode: 'Enforce', routing: 'Endpoint' });
  });
});
