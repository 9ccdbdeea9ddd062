/** What the one loader takes of the files that people have. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadManifests, manifestsIn } from '../../../central-controller/cluster/manifest-files.ts';
import { ManifestCluster } from '../../../central-controller/cluster/manifests.ts';

function read(yaml: string) {
  const result = manifestsIn('x.yaml', yaml);
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

const POD = '{apiVersion: v1, kind: Pod, metadata: {name: a}}';

it.each([
  ['a List', `{apiVersion: v1, kind: List, items: [${POD}, {apiVersion: v1, kind: Node, metadata: {name: a}}]}`, 2],
  ['a list of one kind, whose items name none', '{apiVersion: v1, kind: PodList, items: [{metadata: {name: a}}]}', 1],
  ['Lists in Lists', `{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: List, items: [${POD}]}]}`, 1],
  ['an empty List', '{apiVersion: v1, kind: List, items: []}', 0],
])('%s is unfolded', (_, yaml, count) => {
  const { manifests } = read(yaml);
  expect(manifests).toHaveLength(count);
  expect(manifests.slice(0, 1)).toMatchObject(count > 0 ? [{ apiVersion: 'v1', kind: 'Pod' }] : []);
});

it('values of a Helm chart are left out and told, kustomizations are left out', () => {
  const { manifests, leftOut } = read(`replicas: 3\n---\nkind: Kustomization\n---\n${POD}`);
  expect(manifests).toHaveLength(1);
  expect(leftOut).toEqual(['x.yaml: document 1 has neither apiVersion nor kind, so it is left out']);
});

it.each([
  [
    'an object without apiVersion',
    'kind: Pod\nmetadata: {name: a}',
    /^x\.yaml: object: must have required properties apiVersion/,
  ],
  [
    'a namespace that YAML takes for false',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: no}',
    /metadata\.namespace: must be string/,
  ],
])('%s is refused, as kubectl refuses it', (_, yaml, message) => {
  expect(() => read(yaml)).toThrow(message);
});

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(tmpdir(), 'ballast-manifests-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

it('the files of a directory are read, JSON among them', async () => {
  const leftOut: string[] = [];
  const path = folder({
    'a.json': JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }),
    'values.yaml': 'a: 1',
    'x.txt': '[',
  });
  expect(await loadManifests(path, (line) => leftOut.push(line))).toHaveLength(1);
  expect(leftOut).toMatchObject([expect.stringContaining('values.yaml: document 1')]);
});

it('a watched directory takes Lists, objects of one name in two groups, and values of a chart', async () => {
  const knative = '{apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: geo}, spec: {template: {}}}';
  const istio = '{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: geo}}';
  const gateway = '{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: geo}}';
  const node = '{apiVersion: v1, kind: Node, metadata: {name: node-1}}';
  const custom = '{apiVersion: example.com/v1, kind: Node, metadata: {name: node-1, namespace: a}}';
  const service =
    '{apiVersion: v1, kind: Service, metadata: {name: geo}, spec: {selector: {app: geo}, ports: [{port: 80}]}}';
  const policy =
    '{apiVersion: ballast.dev/v1alpha1, kind: LoadBalancingPolicy, metadata: {name: geo}, spec: {targetRef: {kind: Service, name: geo}}}';
  const pod =
    '{metadata: {name: geo-0, labels: {app: geo}}, spec: {nodeName: node-1}, status: {phase: Running, podIP: 10.0.0.1}}';
  const problems: string[] = [];
  const path = folder({
    'list.yaml': `{apiVersion: v1, kind: List, items: [${node}, ${service}]}`,
    'more.yaml': `{apiVersion: v1, kind: List, items: [${policy}]}`,
    'pods.yaml': `{apiVersion: v1, kind: PodList, items: [${pod}]}`,
    'others.yaml': [knative, istio, gateway, custom].join('\n---\n'),
    'values.yaml': 'replicas: 3',
  });
  const cluster = new ManifestCluster(path, { now: () => 0, onProblem: ({ message }) => problems.push(message) });
  await cluster.close();
  expect(cluster.read()).toMatchObject({
    nodes: [{ name: 'node-1' }],
    services: [{ name: 'geo', replicas: [{ name: 'geo-0' }] }],
  });
  expect(problems).toEqual(['values.yaml: document 1 has neither apiVersion nor kind, so it is left out']);
});
