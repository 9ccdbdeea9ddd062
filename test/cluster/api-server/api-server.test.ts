import { AppsV1Api, CoreV1Api, KubeConfig, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ApiServer, startApiServer } from './api-server.ts';
import { SOON } from '../../support/soon.ts';

let server: ApiServer;
let admin: CoreV1Api;

function load(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
}

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true, users: [{ name: 'jane', groups: ['operators'] }] });
  admin = load(server.kubeconfig).makeApiClient(CoreV1Api);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

test('a service account and a user may do what RBAC lets them, and no more', async () => {
  await admin.createNamespacedServiceAccount({ namespace: 'default', body: { metadata: { name: 'reader' } } });
  const reader = load(await server.serviceAccountKubeconfig('default', 'reader')).makeApiClient(CoreV1Api);
  const jane = load(await server.userKubeconfig('jane')).makeApiClient(CoreV1Api);
  await expect(reader.listNode()).rejects.toMatchObject({ code: 403 });
  await expect(jane.listNode()).rejects.toMatchObject({ code: 403 });

  const rbac = load(server.kubeconfig).makeApiClient(RbacAuthorizationV1Api);
  await rbac.createClusterRole({
    body: { metadata: { name: 'read-nodes' }, rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['list'] }] },
  });
  await rbac.createClusterRoleBinding({
    body: {
      metadata: { name: 'read-nodes' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'read-nodes' },
      subjects: [
        { kind: 'ServiceAccount', namespace: 'default', name: 'reader' },
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'operators' },
      ],
    },
  });
  await vi.waitFor(async () => expect((await reader.listNode()).items).toEqual([]), SOON);
  expect((await jane.listNode()).items).toEqual([]);
  await expect(reader.listNamespacedPod({ namespace: 'default' })).rejects.toMatchObject({ code: 403 });
});

test('the controller manager makes pods and collects what an owner leaves', async () => {
  const apps = load(server.kubeconfig).makeApiClient(AppsV1Api);
  const labels = { app: 'search' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'search', image: 'search:1' }] } };
  await apps.createNamespacedStatefulSet({
    namespace: 'default',
    body: {
      metadata: { name: 'search' },
      spec: {
        serviceName: 'search',
        replicas: 2,
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: labels },
        template,
      },
    },
  });
  const names = async () =>
    (await admin.listNamespacedPod({ namespace: 'default' })).items.map((pod) => pod.metadata?.name).toSorted();
  await vi.waitFor(async () => expect(await names()).toEqual(['search-0', 'search-1']), 20_000);
  await apps.deleteNamespacedStatefulSet({ namespace: 'default', name: 'search' });
  await vi.waitFor(async () => expect(await names()).toEqual([]), 20_000);
});

test('kubectl reads its standard input, and what it refuses is an error', async () => {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
  expect(await server.kubectl(['apply', '-f', '-'], JSON.stringify(namespace))).toBe('namespace/shop created\n');
  await expect(server.kubectl(['get', 'pod', 'nobody'])).rejects.toThrow('pods "nobody" not found');
});

test('objects survive a restart of the API server', async () => {
  await admin.createNamespacedConfigMap({
    namespace: 'default',
    body: { metadata: { name: 'kept' }, data: { a: 'b' } },
  });
  await server.restart();
  const kept = await admin.readNamespacedConfigMap({ namespace: 'default', name: 'kept' });
  expect(kept.data).toEqual({ a: 'b' });
});
