/** The controller's `--cluster-domain` on a real API server: what it writes, and what agents are told, name hosts in it. */
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { linesOf } from '../../central-controller/kubernetes/lines.ts';
import type { AssignmentUpdate } from '../../contract/assignment.ts';
import { SOON } from '../support/soon.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';
import { type ControllerProcess, startController } from './support/controller-process.ts';
import { ClusterWriter, customKind, namespace, node, policy, policyKind, service } from './support/objects.ts';

const ADDRESS = `127.${randomInt(128, 200)}.${randomInt(1, 255)}.1:15070`;
const ISTIO = 'networking.istio.io';

let server: ApiServer;
let writer: ClusterWriter;
let controller: ControllerProcess | undefined;

beforeAll(async () => {
  server = await startApiServer();
  writer = await ClusterWriter.open(server.kubeconfig);
  for (const object of [
    await policyKind(),
    customKind(ISTIO, 'DestinationRule', 'destinationrules'),
    customKind(ISTIO, 'VirtualService', 'virtualservices'),
    node('node-1'),
    namespace('shop'),
    service('shop', 'cart'),
    service('shop', 'geo'),
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'cart', namespace: 'shop' },
      spec: {
        serviceName: 'cart',
        replicas: 1,
        selector: { matchLabels: { app: 'cart' } },
        template: { metadata: { labels: { app: 'cart' } }, spec: { containers: [{ name: 'app', image: 'app' }] } },
      },
    },
  ]) {
    await writer.apply(object);
  }
  for (const object of [policy('shop', 'cart', { routing: 'Subset' }), policy('shop', 'geo')]) {
    await vi.waitFor(() => writer.apply(object), SOON);
  }
  const pod = { namespace: 'shop', name: 'geo-0', node: 'node-1', ip: '10.1.0.1' };
  await writer.endpoints('shop', 'geo', [{ ...pod, uid: await writer.pod(pod) }]);
});

afterAll(async () => {
  await controller?.end('SIGKILL');
  await writer?.close();
  await server?.[Symbol.asyncDispose]();
});

test('routing objects and the table of weights name hosts in the domain of the cluster', async () => {
  controller = startController(server.kubeconfig, ADDRESS, 'only', '--cluster-domain', 'corp.example');
  const rule = {
    apiVersion: `${ISTIO}/v1`,
    kind: 'DestinationRule',
    metadata: { name: 'ballast-cart', namespace: 'shop' },
  };
  await vi.waitFor(async () => {
    expect(await writer.read(rule)).toMatchObject({ spec: { host: 'cart.shop.svc.corp.example' } });
  }, SOON);

  const { body } = await fetch(`http://${ADDRESS}/agent/v1/assignments?node=node-1`);
  if (body === null) throw new Error('no assignments');
  let keys: string[] = [];
  for await (const line of linesOf(body)) {
    keys = (JSON.parse(line) as AssignmentUpdate).services.map(({ key }) => key);
    if (keys.length > 0) break;
  }
  expect(keys).toEqual(['8080|geo.shop.svc.corp.example']);
});
