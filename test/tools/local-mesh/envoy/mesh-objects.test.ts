import { expect, it } from 'vitest';
import { readMeshObjects } from '../../../../tools/local-mesh/envoy/mesh-objects.ts';
import type { Manifest } from '../../../../central-controller/kubernetes/manifest.ts';

const CONDITIONS = [{ type: 'Ready', status: 'True' }];

function pod(name: string, spec: object, status: object): Manifest & { status: object } {
  const metadata = { name, namespace: 'shop', labels: { app: 'cart' } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: { conditions: CONDITIONS, ...status } };
}

it('endpoints are found as the controller finds them: named ports per pod, of native sidecars, in the family of the Service', () => {
  const http = (containerPort: number) => [{ name: 'http', containerPort }];
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'cart', namespace: 'shop' },
    spec: {
      selector: { app: 'cart' },
      ipFamilies: ['IPv6'],
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    },
  };
  const sidecar = { restartPolicy: 'Always', ports: http(9090) };
  const { services } = readMeshObjects([
    service,
    pod(
      'cart-0',
      { containers: [{ ports: http(8080) }] },
      { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] },
    ),
    pod('cart-1', { initContainers: [sidecar] }, { podIP: 'fd00::2' }),
  ]);
  expect(services[0]?.endpoints).toMatchObject([
    { pod: 'cart-0', ip: 'fd00::1', port: 8080 },
    { pod: 'cart-1', ip: 'fd00::2', port: 9090 },
  ]);
});
