import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { KubernetesClient } from '../../central-controller/kubernetes/client.ts';
import { kubeconfigAccess } from '../../central-controller/kubernetes/api-access.ts';
import { WatchedCluster, type WatchNews } from '../../central-controller/cluster/watched-cluster.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';
import { ClusterWriter, customKind, namespace, node, policy, policyKind, service } from './support/objects.ts';
import { SOON } from '../support/soon.ts';

const VIRTUAL_SERVICES = customKind('networking.istio.io', 'VirtualService', 'virtualservices');

let server: ApiServer;
let writer: ClusterWriter;

beforeAll(async () => {
  server = await startApiServer();
  writer = await ClusterWriter.open(server.kubeconfig);
  for (const object of [await policyKind(), node('node-1'), node('node-2')]) await writer.apply(object);
});

afterAll(async () => {
  await writer?.close();
  await server?.[Symbol.asyncDispose]();
});

async function watched() {
  const news: WatchNews[] = [];
  const client = new KubernetesClient(await kubeconfigAccess({ kubeconfig: server.kubeconfig }));
  const cluster = new WatchedCluster(client, { now: () => Date.now(), onNews: (one) => news.push(one) });
  onTestFinished(async () => {
    await cluster.close();
    await client.close();
  });
  await cluster.synced();
  const replicas = (where: string) =>
    cluster
      .read()
      .services.find((one) => one.namespace === where)
      ?.replicas.map((replica) => `${replica.name} ${replica.node} ${replica.ready ? 'ready' : 'unready'}`);
  return { cluster, news, replicas };
}

/** A namespace with a Service of two replicas and a policy. */
async function shop(name: string) {
  for (const object of [namespace(name), service(name, 'cart'), policy(name, 'cart')]) await writer.apply(object);
  const pods = await Promise.all(
    [1, 2].map(async (number) => {
      const pod = { namespace: name, name: `cart-${number - 1}`, node: `node-${number}`, ip: `10.1.0.${number}` };
      return { ...pod, uid: await writer.pod(pod) };
    }),
  );
  await writer.endpoints(name, 'cart', pods);
  return pods;
}

test('a replica is ready once it says so and proxies are told of it, and no more once either ends', async () => {
  const [first, second] = await shop('ready');
  if (!first || !second) throw new Error('there are two');
  const { replicas, cluster } = await watched();
  await vi.waitFor(() => expect(replicas('ready')).toEqual(['cart-0 node-1 ready', 'cart-1 node-2 ready']), SOON);
  expect(cluster.read().services[0]?.replicas[0]).toMatchObject({ limitCores: 0.5, requestCores: 0.05 });

  const third = { namespace: 'ready', name: 'cart-2', node: 'node-1', ip: '10.1.0.3' };
  const uid = await writer.pod(third);
  await vi.waitFor(() => expect(replicas('ready')?.[2]).toBe('cart-2 node-1 unready'), SOON);
  await writer.endpoints('ready', 'cart', [first, second, { ...third, uid }]);
  await vi.waitFor(() => expect(replicas('ready')?.[2]).toBe('cart-2 node-1 ready'), SOON);
  await writer.endpoints('ready', 'cart', [{ ...first, ready: false }, second, { ...third, uid }]);
  await vi.waitFor(() => expect(replicas('ready')?.[0]).toBe('cart-0 node-1 unready'), SOON);
  // It is still there for its time of grace, and its endpoint says nothing yet.
  await writer.delete({ apiVersion: 'v1', kind: 'Pod', metadata: second });
  await vi.waitFor(() => expect(replicas('ready')?.[1]).toBe('cart-1 node-2 unready'), SOON);
  await writer.delete({ apiVersion: 'v1', kind: 'Pod', metadata: third }, { gracePeriodSeconds: 0 });
  await vi.waitFor(() => expect(replicas('ready')).toHaveLength(2), SOON);
});

test('goes on where it was when the API server comes back', async () => {
  const pods = await shop('restart');
  const { replicas, news } = await watched();
  expect(replicas('restart')).toHaveLength(2);
  await server.restart();
  const pod = { namespace: 'restart', name: 'cart-2', node: 'node-1', ip: '10.1.0.3' };
  await writer.endpoints('restart', 'cart', [...pods, { ...pod, uid: await writer.pod(pod) }]);
  await vi.waitFor(() => expect(replicas('restart')?.[2]).toBe('cart-2 node-1 ready'), SOON);
  await vi.waitFor(() => {
    const last = new Map(news.map(({ kind, state }) => [kind, state]));
    expect([last.get('Pod'), last.get('LoadBalancingPolicy')]).toEqual(['following', 'following']);
  }, SOON);
  expect(news.filter(({ code }) => code === 'CLUSTER_UNREACHABLE').length).toBeGreaterThan(0);
});

test('a kind that comes later, goes and comes again is followed each time', async () => {
  const { cluster } = await watched();
  await writer.apply(namespace('kinds'));
  const object = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'cart', namespace: 'kinds' },
    spec: { hosts: ['cart'] },
  };
  const names = () => cluster.objects().virtualServices?.map(({ metadata }) => metadata.name);
  for (let round = 0; round < 2; round++) {
    await vi.waitFor(() => expect(names()).toBeUndefined(), SOON);
    await writer.apply(VIRTUAL_SERVICES);
    await vi.waitFor(() => expect(names()).toEqual([]), SOON);
    await vi.waitFor(() => writer.apply(object), SOON);
    await vi.waitFor(() => expect(names()).toEqual(['cart']), SOON);
    await writer.delete(VIRTUAL_SERVICES);
  }
  await vi.waitFor(() => expect(names()).toBeUndefined(), SOON);
});

test('an object that cannot be read or joined is named, and does not stop the others', async () => {
  await shop('mixed');
  await writer.apply(policy('mixed', 'nobody'));
  await writer.apply(VIRTUAL_SERVICES);
  const bad = {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: 'bad', namespace: 'mixed' },
    spec: { hosts: 'no list' },
  };
  await vi.waitFor(() => writer.apply(bad), SOON);
  const { cluster, replicas } = await watched();
  await vi.waitFor(
    () => expect(cluster.problems()).toContainEqual(expect.objectContaining({ kind: 'VirtualService' })),
    SOON,
  );
  expect(cluster.problems()).toMatchObject([
    {
      kind: 'LoadBalancingPolicy',
      name: 'mixed/nobody',
      policy: 'mixed/nobody',
      text: 'spec.targetRef.name: there is no Service mixed/nobody',
    },
    { kind: 'VirtualService', name: 'mixed/bad', text: 'spec.hosts: must be array' },
  ]);
  expect(replicas('mixed')).toBeDefined();
  await writer.delete(VIRTUAL_SERVICES);
});

test('a pod that was ready before it was first looked at is not taken for a new one', async () => {
  const before = Date.now();
  await shop('since');
  const { cluster } = await watched();
  const since = () =>
    cluster
      .read()
      .services.find(({ namespace: where }) => where === 'since')
      ?.replicas.map((replica) => replica.since);
  await vi.waitFor(() => expect(since()).toHaveLength(2), SOON);
  const seen = Date.now();
  for (const at of since() ?? []) {
    // The kubelet gives whole seconds.
    expect(at).toBeGreaterThanOrEqual(before - 1000);
    expect(at).toBeLessThanOrEqual(seen);
  }
});
