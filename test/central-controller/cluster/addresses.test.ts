/** Address and port of each replica, by EndpointSlices or by the pods themselves. */
import { describe, expect, it } from 'vitest';
import { joinTopology } from '../../../central-controller/cluster/join.ts';
import type { EndpointSlice, Pod, Service } from '../../../central-controller/kubernetes/objects.ts';

type Ports = NonNullable<Service['spec']['ports']>;

function pod(name: string, spec: Partial<Pod['spec']>, status: Pod['status'] = {}): Pod {
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: name, labels: { app: 'cart' } },
    spec: { nodeName: 'node-1', ...spec },
    status: { phase: 'Running', podIP: '10.0.0.1', ...status },
  };
}

function slice(uid: string, ip: string, ports: EndpointSlice['ports'], addressType = 'IPv4'): EndpointSlice {
  return {
    kind: 'EndpointSlice',
    metadata: {
      name: `cart-${uid}-${addressType}`,
      namespace: 'shop',
      labels: { 'kubernetes.io/service-name': 'cart' },
    },
    addressType,
    ...(ports && { ports }),
    endpoints: [{ addresses: [ip], conditions: { ready: true }, targetRef: { kind: 'Pod', uid } }],
  };
}

function join(
  pods: readonly Pod[],
  ports: Ports,
  spec: Partial<Service['spec']> = {},
  endpointSlices?: EndpointSlice[],
) {
  const { topology, problems } = joinTopology(
    {
      nodes: [{ kind: 'Node', metadata: { name: 'node-1' } }],
      pods,
      services: [
        {
          kind: 'Service',
          metadata: { name: 'cart', namespace: 'shop' },
          spec: { selector: { app: 'cart' }, ports, ...spec },
        },
      ],
      statefulSets: [],
      policies: [
        {
          apiVersion: 'ballast.dev/v1alpha1',
          kind: 'LoadBalancingPolicy',
          metadata: { name: 'cart', namespace: 'shop' },
          spec: { targetRef: { kind: 'Service', name: 'cart' } },
        },
      ],
      ...(endpointSlices && { endpointSlices }),
    },
    new Map(),
  );
  const [service] = topology.services;
  return {
    ports: service?.ports,
    addresses: service?.replicas.map((replica) => replica.addresses),
    ready: service?.replicas.map(({ ready }) => ready),
    problems,
  };
}

const HTTP = { name: 'http', port: 80, targetPort: 'http' };
const named = (containerPort: number, protocol?: string) => ({
  name: 'http',
  containerPort,
  ...(protocol && { protocol }),
});

describe('a named target port', () => {
  it('is looked up in each pod, so that a rollout may change it', () => {
    const pods = [
      pod('cart-a', { containers: [{ ports: [named(8080)] }] }),
      pod('cart-b', { containers: [{ ports: [named(9090)] }] }, { podIP: '10.0.0.2' }),
    ];
    expect(join(pods, [HTTP]).addresses).toEqual([{ 80: '10.0.0.1:8080' }, { 80: '10.0.0.2:9090' }]);
  });

  it('is not that of another protocol, nor of a pod that has no address yet', () => {
    const pending = { ...pod('cart-a', { containers: [{ ports: [named(1)] }] }), status: { phase: 'Pending' } };
    const running = pod('cart-b', { containers: [{ ports: [named(53, 'UDP'), named(8080)] }] });
    expect(join([pending, running], [HTTP]).addresses).toEqual([{ 80: '10.0.0.1:8080' }]);
  });

  it('may be that of a native sidecar, but not of an init container that ends', () => {
    const sidecar = { restartPolicy: 'Always', ports: [named(15006)] };
    const init = { ports: [named(1)] };
    expect(join([pod('cart-a', { initContainers: [init, sidecar] })], [HTTP]).addresses).toEqual([
      { 80: '10.0.0.1:15006' },
    ]);
    expect(join([pod('cart-a', { initContainers: [init] })], [HTTP]).ports).toBeUndefined();
  });

  it('that no pod has costs that port alone, and is told', () => {
    const pods = [pod('cart-a', { containers: [{ ports: [named(8080)] }] })];
    const { ports, addresses, problems } = join(pods, [{ name: 'grpc', port: 90, targetPort: 'grpc' }, HTTP]);
    expect([ports, addresses]).toEqual([[80], [{ 80: '10.0.0.1:8080' }]]);
    expect(problems).toEqual([
      {
        kind: 'Service',
        name: 'shop/cart',
        policy: 'shop/cart',
        text: 'spec.ports[0].targetPort: no container has a port named grpc',
      },
    ]);
  });
});

describe('EndpointSlices', () => {
  const pods = [pod('cart-a', {}), pod('cart-b', {})];

  it('say the address and the port of each replica, by name and protocol of the port', () => {
    const slices = [
      slice('cart-a', '10.1.0.1', [
        { name: 'http', port: 53, protocol: 'UDP' },
        { name: 'http', port: 8080, protocol: 'TCP' },
      ]),
      slice('cart-b', '10.1.0.2', [
        { name: 'http', port: 9090 },
        { name: 'admin', port: 1 },
      ]),
    ];
    const { addresses, ready } = join(pods, [{ name: 'http', port: 80 }], {}, slices);
    expect([addresses, ready]).toEqual([
      [{ 80: '10.1.0.1:8080' }, { 80: '10.1.0.2:9090' }],
      [true, true],
    ]);
  });

  it('leave out a pod that they do not name', () => {
    const { addresses, ready } = join(pods, [{ port: 80 }], {}, [
      slice('cart-a', '10.1.0.1', [{ name: '', port: 80 }]),
    ]);
    expect([addresses, ready]).toEqual([
      [{ 80: '10.1.0.1:80' }, {}],
      [true, false],
    ]);
  });

  it.each<[string, Partial<Service['spec']>, string]>([
    ['IPv6', { ipFamilies: ['IPv6', 'IPv4'], clusterIP: 'fd00::9' }, '[fd00::1]:80'],
    ['IPv4', { ipFamilies: ['IPv4', 'IPv6'], clusterIP: '10.96.0.1' }, '10.1.0.1:80'],
    ['IPv6 by its address', { clusterIP: 'fd00::9' }, '[fd00::1]:80'],
  ])('of the family that a Service of two has first count: %s', (_, spec, address) => {
    const ports = [{ name: '', port: 80 }];
    const slices = [slice('cart-a', '10.1.0.1', ports), slice('cart-a', 'fd00::1', ports, 'IPv6')];
    for (const order of [slices, slices.toReversed()]) {
      const { addresses, ready } = join([pod('cart-a', {})], [{ port: 80 }], spec, order);
      expect([addresses, ready]).toEqual([[{ 80: address }], [true]]);
    }
  });
});

it.each([
  ['IPv6', '[fd00::1]:80'],
  ['IPv4', '10.0.0.1:80'],
] as const)('without slices, a pod of two families has the address of the Service: %s', (family, address) => {
  const ips = [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }];
  for (const podIPs of [ips, ips.toReversed()]) {
    const both = pod('cart-a', {}, { podIP: podIPs[0]?.ip ?? '', podIPs });
    expect(join([both], [{ port: 80 }], { ipFamilies: [family] }).addresses).toEqual([{ 80: address }]);
  }
});
