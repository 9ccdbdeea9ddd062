import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { expect, it, onTestFinished } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import { ManifestCluster } from '../../../central-controller/cluster/manifests.ts';
import { PolicyView } from '../../../contract/policy-status.ts';
import { createLoop, runTraffic } from '../fixtures.ts';

const MANIFESTS = `
apiVersion: v1
kind: Service
metadata: { name: geo, namespace: hotel }
spec: { selector: { app: geo }, ports: [{ port: 8080 }] }
---
apiVersion: ballast.dev/v1alpha1
kind: LoadBalancingPolicy
metadata: { name: near, namespace: hotel }
spec: { targetRef: { kind: Service, name: geo } }
---
apiVersion: ballast.dev/v1alpha1
kind: LoadBalancingPolicy
metadata: { name: idle, namespace: hotel }
spec: { targetRef: { kind: Service, name: none }, mode: "Off" }
`;

it('shows what policies of manifests say, and what has become of them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-policies-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'all.yaml'), MANIFESTS);
  const manifests = new ManifestCluster(directory, { now: () => 0, onProblem: () => undefined });
  onTestFinished(() => manifests.close());
  const test = createLoop();
  test.cluster.known = manifests.policies();
  test.loop.start();
  runTraffic(test, 5);
  const app = await createServer(test.loop);
  onTestFinished(() => app.close());
  const { policies } = (await app.inject({ url: '/api/v1/policies' })).json<{ policies: PolicyView[] }>();
  expect(policies.flatMap((policy) => Value.Errors(PolicyView, policy))).toEqual([]);
  expect(policies).toMatchObject([
    {
      namespace: 'hotel',
      name: 'near',
      service: 'hotel/geo',
      spec: { mode: 'Enforce', routing: 'Endpoint', targetRef: { name: 'geo' } },
      status: {
        balanced: '2/2',
        conditions: [
          { type: 'Accepted', status: 'True' },
          { type: 'Ready', status: 'True', reason: 'Balanced' },
        ],
      },
    },
    { name: 'idle', status: { balanced: '0/0', conditions: [{}, { type: 'Ready', status: 'False', reason: 'Off' }] } },
  ]);
  const one = await app.inject({ url: '/api/v1/policies/hotel/near' });
  expect(one.json()).toEqual(policies[0]);
  const none = await app.inject({ url: '/api/v1/policies/hotel/far' });
  expect(none.json()).toMatchObject({ status: 404, code: 'UNKNOWN_POLICY' });
});

it('shows the status that stands in the cluster where there is one', async () => {
  const test = createLoop();
  const metadata = { name: 'near', namespace: 'hotel' };
  const spec = { targetRef: { kind: 'Service', name: 'geo' } } as const;
  const policy = { apiVersion: 'ballast.dev/v1alpha1', kind: 'LoadBalancingPolicy', metadata, spec } as const;
  test.cluster.known = [{ policy, service: 'hotel/geo', status: { balanced: '1/2', replicas: 2 } }];
  const app = await createServer(test.loop);
  onTestFinished(() => app.close());
  const one = await app.inject({ url: '/api/v1/policies/hotel/near' });
  expect(one.json()).toMatchObject({ status: { balanced: '1/2', replicas: 2 } });
});
