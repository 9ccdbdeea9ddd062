/** What kustomize and Helm make of the manifests, as objects. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { DEFAULT_PAIR, kubernetesRelease } from '../../../tools/install/versions.ts';
import { buildGoTool } from '../../../tools/go/build.ts';

const run = promisify(execFile);

export const CONFIGS = join(import.meta.dirname, '../../../istio-configs');

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

function parseObjects(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml).flatMap((document) => (document.toJS() as KubernetesObject | null) ?? []);
}

/** By kind, namespace and name. */
export function byName(objects: readonly KubernetesObject[]): Map<string, KubernetesObject> {
  const nameOf = ({ kind, metadata }: KubernetesObject): string =>
    [kind, metadata.namespace, metadata.name].filter(Boolean).join(' ');
  const named = objects.map((object) => [nameOf(object), object] as const);
  return new Map(named.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `kubectl kustomize` of a folder below `istio-configs`. */
export async function kustomize(folder: string): Promise<KubernetesObject[]> {
  const { stdout } = await run(await buildGoTool('hyper'), ['kubectl', 'kustomize', join(CONFIGS, folder)], {
    maxBuffer: 16 << 20,
  });
  return parseObjects(stdout);
}

/** `helm template` of the chart with `--set` for each of the values; an error holds what Helm complained of. */
export async function helmTemplate(...values: readonly string[]): Promise<KubernetesObject[]> {
  const flags = [
    '--include-crds',
    `--kube-version=v${kubernetesRelease(DEFAULT_PAIR.kubernetes).version}`,
    ...values.flatMap((value) => ['--set', value]),
  ];
  const { stdout } = await run(
    await buildGoTool('helm'),
    ['template', 'ballast', join(CONFIGS, 'chart'), '--namespace=ballast-system', ...flags],
    { maxBuffer: 16 << 20 },
  );
  return parseObjects(stdout);
}
