/** The scheduler of Kubernetes places the pods of cluster-info on five workers as the README of the application says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildGoTool } from '../../tools/go/build.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';
import { Component } from './api-server/component.ts';
import { kustomize } from './install/render.ts';

const NAMESPACE = 'cluster-info';

const WORKERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'worker-1': { size: 'large', disk: 'ssd' },
  'worker-2': { size: 'large', disk: 'hdd' },
  'worker-3': { size: 'small', disk: 'ssd' },
  'worker-4': { size: 'small', disk: 'hdd' },
  'worker-5': {},
};

const stack = new AsyncDisposableStack();
let server: ApiServer;
let template: { readonly metadata: object; readonly spec: object };

async function create(object: object): Promise<void> {
  await server.kubectl(['create', '-f', '-'], JSON.stringify(object));
}

/** Without a kubelet: its status is what is written here. */
async function createWorker(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const resources = { cpu: '4', memory: '8Gi', pods: '110' };
  await create({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    status: { capacity: resources, allocatable: resources, conditions: [{ type: 'Ready', status: 'True' }] },
  });
  // Each node begins with this taint; the controller manager, which is not here, would take it away.
  await server.kubectl(['taint', 'node', name, 'node.kubernetes.io/not-ready:NoSchedule-']);
}

/** Creates a pod of the Deployment; the node that it was given, or why it has none. */
async function place(name: string): Promise<string> {
  const { metadata, spec } = template;
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name, namespace: NAMESPACE }, spec });
  const format = 'jsonpath={.spec.nodeName}{.status.conditions[?(@.type=="PodScheduled")].reason}';
  let found = '';
  await expect
    .poll(async () => (found = await server.kubectl(['get', 'pod', name, '-n', NAMESPACE, '-o', format])), {
      timeout: 30_000,
      interval: 200,
    })
    .not.toBe('');
  return found;
}

beforeAll(async () => {
  server = stack.use(await startApiServer());
  const folder = await mkdtemp(join(tmpdir(), 'ballast-scheduler-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  for (const [name, labels] of Object.entries(WORKERS)) await createWorker(name, labels);
  const deployment = (await kustomize('cluster-info/placement')).find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'cluster-info',
  );
  const spec = deployment?.['spec'] as { template: typeof template } | undefined;
  if (spec === undefined) throw new Error('cluster-info/placement has no Deployment cluster-info');
  template = spec.template;
  stack.use(
    await Component.start({
      name: 'kube-scheduler',
      command: await buildGoTool('hyper'),
      arguments: ['kube-scheduler', `--kubeconfig=${server.kubeconfig}`, '--leader-elect=false', '--secure-port=0'],
      log: join(folder, 'kube-scheduler.log'),
      isReady: async () => true,
    }),
  );
});
afterAll(async () => stack.disposeAsync());

test('the large nodes come first, then those that are not known to have a slow disk, and a sixth pod waits', async () => {
  expect(await place('pod-1')).toBe('worker-1');
  expect(await place('pod-2')).toBe('worker-2');
  // Both have 50: worker-5 has no label `disk`, and NotIn holds for it.
  expect([await place('pod-3'), await place('pod-4')].toSorted()).toEqual(['worker-3', 'worker-5']);
  expect(await place('pod-5')).toBe('worker-4');
  expect(await place('pod-6')).toBe('Unschedulable');
  const events = await server.kubectl([
    'get',
    'events',
    '-n',
    NAMESPACE,
    '--field-selector',
    'involvedObject.name=pod-6',
  ]);
  expect(events).toContain("5 node(s) didn't match pod anti-affinity rules");
});
