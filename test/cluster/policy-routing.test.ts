/** What policies bring about on a real API server with Istio's kinds and Kubernetes' own controllers. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { HOLD_MS, SETTLE_MS } from '../../central-controller/routing/plan-service.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';
import { applyIstioDefinitions } from './install/istio-definitions.ts';
import { ClusterWriter, namespace, node, policy, policyKind, service } from './support/objects.ts';
import { type PolicyController, startPolicyController } from './support/policy-controller.ts';
import { SOON } from '../support/soon.ts';

const START_MS = 10 * 60_000;
const LIMITED = 'limited';

let server: ApiServer;
let cluster: ClusterWriter;

beforeAll(async () => {
  server = await startApiServer({ controllerManager: true, users: [{ name: LIMITED }] });
  cluster = await ClusterWriter.open(server.kubeconfig);
  for (const object of [await policyKind(), node('node-1')]) await cluster.apply(object);
  await applyIstioDefinitions(server);
}, START_MS);

afterAll(async () => {
  await cluster?.close();
  await server?.[Symbol.asyncDispose]();
});

/** A namespace with a StatefulSet and Service `cart`, whose pods run and are ready. */
async function shop(name: string, replicas = 3): Promise<void> {
  await cluster.apply(namespace(name));
  await cluster.apply(service(name, 'cart'));
  await scale(name, replicas);
}

async function scale(name: string, replicas: number): Promise<void> {
  await cluster.apply({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'cart', namespace: name },
    spec: {
      serviceName: 'cart',
      replicas,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { app: 'cart' } },
      template: {
        metadata: { labels: { app: 'cart' } },
        spec: {
          nodeName: 'node-1',
          terminationGracePeriodSeconds: 0,
          containers: [{ name: 'app', image: 'app', ports: [{ containerPort: 8080 }] }],
        },
      },
    },
  });
  await vi.waitFor(async () => {
    const pods = (await get(name, 'pods')).items;
    expect(pods).toHaveLength(replicas);
    for (const [index, { metadata }] of pods.entries()) await run(name, metadata.name, `10.2.0.${index + 1}`);
  }, SOON);
}

/** Reports a pod's status as its kubelet would. */
async function run(namespaceName: string, name: string, podIP: string): Promise<void> {
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }];
  const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], conditions };
  await cluster.apply(
    { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: namespaceName }, status },
    '/status',
  );
}

interface Listed {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly labels?: object };
    readonly spec: { readonly subsets?: readonly { readonly name: string }[]; readonly http?: readonly unknown[] };
  }[];
}

async function get(name: string, kind: string): Promise<Listed> {
  return JSON.parse(await server.kubectl(['-n', name, 'get', kind, '-o', 'json'])) as Listed;
}

async function versions(name: string): Promise<string[]> {
  const { items } = await get(name, 'virtualservices,destinationrules,services,loadbalancingpolicies');
  return items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
}

async function controller(asUser?: string): Promise<PolicyController> {
  const started = await startPolicyController(server.kubeconfig, asUser);
  onTestFinished(() => started[Symbol.asyncDispose]());
  return started;
}

/** Decides until what is expected has come about. */
async function until(it: PolicyController, expected: () => unknown, ms = 0): Promise<void> {
  await vi.waitFor(async () => {
    it.advance(ms);
    await it.turn();
    await expected();
  }, SOON);
}

const isRouted = (it: PolicyController, name: string, replicas: number) => () => {
  const found = it.topology().services.find((one) => one.namespace === name);
  expect(found).toMatchObject({ mode: 'Enforce' });
  expect(found?.replicas.filter(({ ready }) => ready)).toHaveLength(replicas);
};

async function columns(name: string): Promise<string> {
  return (await server.kubectl(['-n', name, 'get', 'lbp', 'cart', '--no-headers'])).trim();
}

describe('Subset routing', () => {
  test('is written in order, once, and kept through a restart', async () => {
    await shop('once');
    await cluster.apply(policy('once', 'cart', { routing: 'Subset' }));
    const first = await controller();
    await until(first, isRouted(first, 'once', 3), SETTLE_MS / 4);
    expect(first.written('once')).toEqual([
      'apply DestinationRule ballast-cart',
      'apply VirtualService ballast-cart',
      'apply VirtualService ballast-cart.delegate',
    ]);
    await until(first, async () => expect(await columns('once')).toMatch(/Enforce +Subset +True +3\/3 +Balanced/));
    const before = await versions('once');
    const second = await controller();
    for (const it of [first, second]) {
      for (const ms of [0, 1000, HOLD_MS]) {
        it.advance(ms);
        await it.turn();
      }
    }
    expect(second.written('once')).toEqual([]);
    expect(await versions('once')).toEqual(before);
    const described = await server.kubectl(['-n', 'once', 'describe', 'lbp', 'cart']);
    expect(described).toMatch(/Normal +Balanced .*ballast-controller +Weights follow the decisions/);
    expect(described).toMatch(/Normal +RoutingWritten .*Wrote DestinationRule once\/ballast-cart/);
  });

  test('follows the StatefulSet from 3 to 6 to 2 replicas, subsets first and last', async () => {
    await shop('scaled');
    await cluster.apply(policy('scaled', 'cart', { routing: 'Subset' }));
    const it = await controller();
    await until(it, isRouted(it, 'scaled', 3), SETTLE_MS / 4);
    const [rule, routes, delegate] = [
      'apply DestinationRule ballast-cart',
      'apply VirtualService ballast-cart',
      'apply VirtualService ballast-cart.delegate',
    ];
    const first = [rule, routes, delegate];
    await scale('scaled', 6);
    await until(it, isRouted(it, 'scaled', 6), SETTLE_MS / 4);
    expect(it.written('scaled')).toEqual([...first, rule, routes, delegate]);
    await scale('scaled', 2);
    await until(it, isRouted(it, 'scaled', 2));
    expect(it.written('scaled')).toHaveLength(6);
    await until(it, () => expect(it.written('scaled')).toHaveLength(9), HOLD_MS / 4);
    expect(it.written('scaled').slice(6)).toEqual([routes, delegate, rule]);
    const [left] = (await get('scaled', 'destinationrules')).items;
    expect(left?.spec.subsets?.map(({ name }) => name)).toEqual(['cart-0', 'cart-1']);
  });

  test('goes with Off, routes before subsets', async () => {
    await shop('off');
    await cluster.apply(policy('off', 'cart', { routing: 'Subset' }));
    const it = await controller();
    await until(it, isRouted(it, 'off', 3), SETTLE_MS / 4);
    await cluster.apply(policy('off', 'cart', { routing: 'Subset', mode: 'Off' }));
    await until(it, () => expect(it.written('off')).toHaveLength(6), HOLD_MS / 4);
    expect(it.written('off').at(-1)).toBe('delete DestinationRule ballast-cart');
    expect((await get('off', 'virtualservices,destinationrules')).items).toEqual([]);
    expect(await columns('off')).toMatch(/Off +Subset +False .*Off/);
  });

  test("leaves somebody's VirtualService alone, and says whose it is", async () => {
    await shop('taken');
    const mine = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'mine', namespace: 'taken' },
      spec: { hosts: ['cart'], http: [{ route: [{ destination: { host: 'cart' } }], timeout: '2s' }] },
    };
    await cluster.apply(mine);
    await cluster.apply(policy('taken', 'cart', { routing: 'Subset' }));
    const before = await cluster.read(mine);
    const it = await controller();
    await until(it, async () => expect(await columns('taken')).toMatch(/False .*HostTaken/), SETTLE_MS);
    expect(it.written('taken')).toEqual([]);
    expect(await cluster.read(mine)).toEqual(before);
    expect(await server.kubectl(['-n', 'taken', 'describe', 'lbp', 'cart'])).toMatch(
      /Warning +HostTaken .*VirtualService taken\/mine: not Ballast's, so left alone/,
    );
    await cluster.delete(mine);
    await until(it, isRouted(it, 'taken', 3), SETTLE_MS / 4);
  });
});

describe('Endpoint routing', () => {
  const label = (object: unknown) =>
    (object as { metadata: { labels?: Record<string, string> } }).metadata.labels ?? {};

  test('is a label on the Service that leaves what others say of it, and goes with Off', async () => {
    await shop('label');
    const { metadata, ...rest } = service('label', 'cart') as { metadata: object };
    const cart = { ...rest, metadata: { ...metadata, labels: { team: 'shop' } } };
    await cluster.apply(cart);
    await cluster.apply(policy('label', 'cart'));
    const it = await controller();
    await until(it, isRouted(it, 'label', 3), SETTLE_MS / 4);
    expect(label(await cluster.read(cart))).toEqual({
      team: 'shop',
      'istio.io/persistent-session-header': 'x-lb-session',
    });
    expect(it.written('label')).toEqual(['apply Service cart']);
    await cluster.apply(policy('label', 'cart', { mode: 'Off' }));
    await until(it, async () => expect(label(await cluster.read(cart))).toEqual({ team: 'shop' }), HOLD_MS / 4);
    expect(it.written('label')).toHaveLength(2);
  });

  test('keeps a label that the user set as well', async () => {
    await shop('shared');
    await cluster.apply(policy('shared', 'cart'));
    const it = await controller();
    await until(it, isRouted(it, 'shared', 3), SETTLE_MS / 4);
    const labels = { 'istio.io/persistent-session-header': 'x-lb-session' };
    const { metadata, ...rest } = service('shared', 'cart') as { metadata: object };
    const cart = { ...rest, metadata: { ...metadata, labels } };
    await cluster.apply(cart);
    await cluster.apply(policy('shared', 'cart', { mode: 'Off' }));
    await until(it, () => expect(it.written('shared')).toHaveLength(2), HOLD_MS / 4);
    expect(label(await cluster.read(cart))).toEqual(labels);
  });
});

test('a write that is refused is a finding with what the API server said, and is tried again', async () => {
  await shop('refused');
  await cluster.apply(policy('refused', 'cart'));
  const rules = [
    { apiGroups: ['ballast.dev'], resources: ['loadbalancingpolicies/status'], verbs: ['patch'] },
    { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  ];
  const identity = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: LIMITED } };
  await cluster.apply({ ...identity, kind: 'ClusterRole', rules });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: LIMITED };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: LIMITED }];
  await cluster.apply({ ...identity, kind: 'ClusterRoleBinding', roleRef, subjects });
  const it = await controller(await server.userKubeconfig(LIMITED));
  await until(it, async () => expect(await columns('refused')).toMatch(/False .*WriteFailed/), 250);
  expect(await server.kubectl(['-n', 'refused', 'describe', 'lbp', 'cart'])).toMatch(
    /Warning +WriteFailed .*apply Service refused\/cart: services "cart" is forbidden/,
  );
  const more = { apiGroups: [''], resources: ['services'], verbs: ['patch'] };
  await cluster.apply({ ...identity, kind: 'ClusterRole', rules: [...rules, more] });
  await until(it, isRouted(it, 'refused', 3), 1000);
});

/** Kubernetes' garbage collector looks for new kinds every half minute. */
const GARBAGE = { timeout: 90_000, interval: 250 };

test('what was written goes with its policy even while no controller runs', async () => {
  await shop('owned');
  await cluster.apply(policy('owned', 'cart', { routing: 'Subset' }));
  const it = await controller();
  await until(it, isRouted(it, 'owned', 3), SETTLE_MS / 4);
  await cluster.delete(policy('owned', 'cart'));
  await vi.waitFor(async () => {
    const { items } = await get('owned', 'virtualservices,destinationrules');
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['ballast-cart.delegate']);
  }, GARBAGE);
  await until(it, async () => expect((await get('owned', 'virtualservices')).items).toEqual([]), HOLD_MS / 4);
});
