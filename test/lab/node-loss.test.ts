/** A node that ends at once, and comes back. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOTEL, LabCluster } from './support/cluster.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import { RATE, loadDuring, startTraffic, summaryOf } from './support/traffic.ts';

const LOST = 'node-2';
/**
 * What may fail: requests on the node, and those that its callers sent there before they left it out. Nothing
 * refuses in place of a lost node: the frontend gives up on an answer after 3 s (504), and the more requests a proxy
 * waits for, the less it chooses that replica. So the bound is what the node would have got in this time.
 */
const BEFORE_EJECTION_S = 2;

let cluster: LabCluster;
let controllers: Controllers;

beforeAll(async () => {
  cluster = await LabCluster.open();
  controllers = new Controllers(cluster);
  for (const service of ['frontend', 'user']) await cluster.untilReady(`app=${service}`, 3);
});

afterAll(async () => {
  const node = cluster.lab.node(LOST);
  if (!node.runs) await node.start();
  node.limit(false);
  await cluster.lab.kubectl.run('wait', '--for=condition=Ready', 'node', LOST, '--timeout=120s');
  await cluster.lab.kubectl.run('-n', HOTEL, 'wait', '--for=condition=Ready', 'pod', '--all', '--timeout=180s');
  await cluster[Symbol.asyncDispose]();
}, 320_000);

/** Weight and rate of a service's replicas on the node. */
async function onTheNode(service: string): Promise<{ weight: number; requestsPerSecond: number }[]> {
  const { replicas } = await controllers.service(service);
  return replicas.filter(({ node }) => node === LOST);
}

test('requests go on without it, and its replicas get no weight', async () => {
  for (const service of ['frontend', 'user']) expect(await onTheNode(service)).not.toEqual([]);
  const node = cluster.lab.node(LOST);
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await eventually(async () => {
      for (const replica of await onTheNode('user')) expect(replica.requestsPerSecond).toBeGreaterThan(1);
    });
    node.kill();
    await eventually(async () => {
      for (const service of ['frontend', 'user']) {
        expect((await onTheNode(service)).filter(({ weight }) => weight > 0)).toEqual([]);
      }
      expect((await controllers.nodes()).find(({ name }) => name === LOST)).toMatchObject({ agentConnected: false });
    });
  });
  console.log(`A node lost: ${load.failed} of ${load.due} requests failed: ${JSON.stringify(summaryOf(load))}`);
  const third = RATE / 3;
  expect(load.failed).toBeLessThanOrEqual(third * BEFORE_EJECTION_S);

  // From now on no request goes to it.
  const afterwards = startTraffic(cluster.lab.ingress);
  await eventually(async () => expect((await controllers.service('user')).requestsPerSecond).toBeGreaterThan(RATE / 2));
  expect(summaryOf(await afterwards.stop())).toMatchObject({ failed: 0 });
}, 300_000);

test('once it is back its replicas serve again', async () => {
  const node = cluster.lab.node(LOST);
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await node.start();
    node.limit(false);
    await eventually(async () => {
      for (const service of ['frontend', 'user']) {
        const replicas = await onTheNode(service);
        expect(replicas).not.toEqual([]);
        for (const { weight, requestsPerSecond } of replicas) {
          expect(weight).toBeGreaterThan(0);
          expect(requestsPerSecond).toBeGreaterThan(1);
        }
      }
      expect((await controllers.nodes()).find(({ name }) => name === LOST)).toMatchObject({ agentConnected: true });
    });
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
}, 300_000);
