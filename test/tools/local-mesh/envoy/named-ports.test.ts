/** A rollout that changes a named port: the controller's addresses are the endpoints of a real Envoy. */
import { expect, it } from 'vitest';
import { objectsOf } from '../../../../central-controller/cluster/cluster-objects.ts';
import { joinTopology } from '../../../../central-controller/cluster/join.ts';
import type { Manifest } from '../../../../central-controller/kubernetes/manifest.ts';
import { OUTBOUND_PORT, type ProxyInput } from '../../../../tools/local-mesh/envoy/proxy.ts';
import { renderBootstrap } from '../../../../tools/local-mesh/envoy/render.ts';
import { get, startRendered, startReplica } from './rendered-envoy.ts';

const CALLER = '127.22.9.1';
const NAMESPACE = 'shop';
const REPLICAS = [
  {
    name: 'cart-0',
    ip: '127.22.1.10',
    port: 8081,
    spec: { containers: [{ ports: [{ name: 'http', containerPort: 8081 }] }] },
  },
  {
    name: 'cart-1',
    ip: '127.22.1.11',
    port: 9091,
    spec: { containers: [{ ports: [{ name: 'http', containerPort: 9091 }] }] },
  },
  {
    name: 'cart-2',
    ip: '127.22.1.12',
    port: 7071,
    spec: {
      containers: [{ ports: [{ name: 'http', containerPort: 53, protocol: 'UDP' }] }],
      initContainers: [{ restartPolicy: 'Always', ports: [{ name: 'http', containerPort: 7071 }] }],
    },
  },
];

function manifest(kind: string, name: string, fields: object, apiVersion = 'v1'): Manifest {
  return { apiVersion, kind, metadata: { name, namespace: NAMESPACE, labels: { app: 'cart' } }, ...fields };
}

const MANIFESTS: readonly Manifest[] = [
  manifest('Node', 'node-1', {}),
  {
    ...manifest('Service', 'cart', {
      spec: {
        selector: { app: 'cart' },
        clusterIP: '10.96.0.9',
        ports: [{ name: 'http', port: 8080, targetPort: 'http' }],
      },
    }),
    metadata: { name: 'cart', namespace: NAMESPACE, labels: { 'istio.io/persistent-session-header': 'x-lb-session' } },
  },
  manifest(
    'LoadBalancingPolicy',
    'cart',
    { spec: { targetRef: { kind: 'Service', name: 'cart' } } },
    'ballast.dev/v1alpha1',
  ),
  ...REPLICAS.map(({ name, ip, spec }) =>
    manifest('Pod', name, {
      spec: { nodeName: 'node-1', ...spec },
      status: { phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: 'True' }] },
    }),
  ),
];

it('each replica is reached at its own port, each time', async () => {
  const read = objectsOf(new Map([['all.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: MANIFESTS })]]));
  if (!read.ok) throw new Error(read.failure.message);
  const [service] = joinTopology(read.value.objects, new Map()).topology.services;
  await using running = new AsyncDisposableStack();
  for (const { name, ip, port } of REPLICAS) running.use(await startReplica(name, ip, port));
  const proxy: ProxyInput = {
    kind: 'sidecar',
    pod: 'caller-0',
    namespace: NAMESPACE,
    ip: CALLER,
    agentAddress: '127.22.0.1:15080',
    pluginPath: '/none',
    labels: { app: 'caller' },
  };
  running.use(await startRendered(renderBootstrap(proxy, MANIFESTS), CALLER));
  expect(service?.replicas.map(({ name }) => name)).toEqual(REPLICAS.map(({ name }) => name));
  for (const { name, addresses } of service?.replicas ?? []) {
    const session = Buffer.from(addresses[8080] ?? '').toString('base64');
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const { status, body } = await get(CALLER, OUTBOUND_PORT, '/', { host: 'cart', 'x-lb-session': session });
      expect([status, (JSON.parse(body) as { name: string }).name]).toEqual([200, name]);
    }
  }
});
