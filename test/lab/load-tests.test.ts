/** Load tests as objects: the operator in the mesh, a load against the frontend, its result. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoadgenRequest } from '../../tools/load-generator/operator/api/request.ts';
import type { Measured } from '../../tools/load-generator/operator/api/result.ts';
import { HOTEL, LabCluster } from './support/cluster.ts';
import { eventually } from '../support/soon.ts';

const FOLDER = join(import.meta.dirname, '../../istio-configs/load-generator/base');
const NAMESPACE = 'ballast-load';
const OPERATOR = 'deployment/load-operator';

let cluster: LabCluster;

beforeAll(async () => {
  cluster = await LabCluster.open();
  const { kubectl } = cluster.lab;
  await kubectl.applyFolder(FOLDER);
  for (const plural of ['loadgenrequests', 'loadgenresults']) {
    await kubectl.run('wait', '--for=condition=established', `crd/${plural}.loadgen.ballast.dev`);
  }
  await kubectl.run('-n', NAMESPACE, 'rollout', 'status', OPERATOR, '--timeout=120s');
  await cluster.untilReady('app=frontend', 3);
});

afterAll(async () => {
  await cluster.lab.kubectl.run('delete', '--ignore-not-found', '--kustomize', FOLDER);
  await cluster[Symbol.asyncDispose]();
});

async function get<T>(resource: string, name: string): Promise<T> {
  return JSON.parse(await cluster.lab.kubectl.run('-n', HOTEL, 'get', resource, name, '-o', 'json')) as T;
}

test('a load goes through the mesh to the replicas that Ballast chooses, and its result says so', async () => {
  const { kubectl } = cluster.lab;
  await cluster.apply({
    apiVersion: 'loadgen.ballast.dev/v1alpha1',
    kind: 'LoadgenRequest',
    metadata: { name: 'visitors', namespace: HOTEL },
    spec: { serviceName: 'frontend', mix: 'hotel', targetQps: 20, durationSeconds: 15, maxOutstanding: 50 },
  });
  const { status } = await eventually(async () => {
    const request = await get<LoadgenRequest>('loadgenrequests', 'visitors');
    expect(request.status).toMatchObject({ phase: 'Succeeded' });
    return request;
  });
  const { measured } = await get<{ measured: Measured }>('loadgenresults', status?.resultName ?? '');
  expect(measured).toMatchObject({ requests: 300, failed: 0 });
  const names = measured.replicas.map(({ name }) => name);
  expect(names.toSorted()).toEqual(['frontend-0', 'frontend-1', 'frontend-2']);
  const stats = ['pilot-agent', 'request', 'GET', 'stats?filter=ballast_picks_total'];
  const shown = await kubectl.run('-n', NAMESPACE, 'exec', OPERATOR, '-c', 'istio-proxy', '--', ...stats);
  expect(Number(/ballast_picks_total: (\d+)/.exec(shown)?.[1])).toBeGreaterThan(0);

  // Kubernetes takes the result away with the request.
  await kubectl.run('-n', HOTEL, 'delete', 'loadgenrequest', 'visitors');
  await eventually(async () => {
    expect(await kubectl.run('-n', HOTEL, 'get', 'loadgenresults', '-o', 'name')).toBe('');
  });
});
