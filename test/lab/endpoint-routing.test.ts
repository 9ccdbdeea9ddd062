/** Endpoint routing while replicas come and go, at a constant rate of requests: none fails. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOTEL, LabCluster } from './support/cluster.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import { RATE, loadDuring, replicasOf, summaryOf } from './support/traffic.ts';

/** One is called by the gateway, the other by the sidecars of the first. */
const SERVICES = ['frontend', 'user'] as const;

let cluster: LabCluster;
let controllers: Controllers;

beforeAll(async () => {
  cluster = await LabCluster.open();
  controllers = new Controllers(cluster);
  for (const service of SERVICES) await cluster.untilReady(`app=${service}`, 3);
});

afterAll(async () => {
  for (const service of SERVICES) await scale(service, 3);
  for (const service of SERVICES) await cluster.untilReady(`app=${service}`, 3);
  await cluster[Symbol.asyncDispose]();
}, 180_000);

async function scale(service: string, replicas: number): Promise<void> {
  await cluster.patch('statefulsets', service, { spec: { replicas } });
}

function names(service: string, count: number): string[] {
  return Array.from({ length: count }, (_, ordinal) => `${service}-${ordinal}`);
}

/** Waits until all of so many replicas serve, each known by the statistics of its callers. */
async function untilAllServe(service: string, count: number): Promise<void> {
  await eventually(async () => {
    const replicas = [...(await controllers.replicas(service)).values()];
    const serving = replicas.filter(({ requestsPerSecond, weight }) => requestsPerSecond > 0.5 && weight > 0);
    expect(serving.map(({ name }) => name).toSorted()).toEqual(names(service, count));
    expect(replicas).toHaveLength(count);
  });
}

test('a rolling update of both services: no request fails', async () => {
  const before = await uids();
  const load = await loadDuring(cluster.lab.ingress, async () => {
    for (const service of SERVICES) {
      await cluster.lab.kubectl.run('-n', HOTEL, 'rollout', 'restart', `statefulset/${service}`);
    }
    for (const service of SERVICES) {
      await cluster.lab.kubectl.run('-n', HOTEL, 'rollout', 'status', `statefulset/${service}`, '--timeout=200s');
    }
    for (const service of SERVICES) await untilAllServe(service, 3);
  });
  const kept = (await uids()).filter((uid) => before.includes(uid));
  expect(kept).toEqual([]);
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
}, 400_000);

test('3 to 6 to 2 replicas: the new ones get requests, those that went get none, and no request fails', async () => {
  const load = await loadDuring(cluster.lab.ingress, async () => {
    for (const service of SERVICES) await untilAllServe(service, 3);
    for (const service of SERVICES) await scale(service, 6);
    for (const service of SERVICES) await cluster.untilReady(`app=${service}`, 6);
    for (const service of SERVICES) await untilAllServe(service, 6);
    for (const service of SERVICES) await scale(service, 2);
    for (const service of SERVICES) await cluster.untilReady(`app=${service}`, 2);
    for (const service of SERVICES) await untilAllServe(service, 2);
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
  expect(Object.keys(load.replicas).toSorted()).toEqual(names('frontend', 6));

  // Shares level out after a while: a replica that is held back as slow is asked about once in two seconds only.
  await eventually(async () => {
    const served = await replicasOf(cluster.lab.ingress, 2 * RATE);
    expect(Object.keys(served).toSorted()).toEqual(names('frontend', 2));
  });
}, 400_000);

async function uids(): Promise<string[]> {
  const pods = await Promise.all(SERVICES.map((service) => cluster.pods(`app=${service}`)));
  return pods.flat().map(({ uid }) => uid);
}
