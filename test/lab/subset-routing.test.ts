/**
 * Subset routing while replicas come and go. A replica that goes is named by requests until every proxy has a table
 * without it: its pod has to be seen as terminating, a decision made (250 ms at most), agents and proxies told. Istio
 * takes the address out of the subset in about the same time. Where it is first, the subset is empty, and Envoy answers
 * 503 without a second try. The bound is therefore the share of the requests that the replicas which went would have
 * had, over a time that is generous for all this.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabCluster } from './support/cluster.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import { RATE, loadDuring, summaryOf } from './support/traffic.ts';

const SERVICE = 'user';
/** From a pod's deletion until no proxy names it any more, s; a quarter of it is usual. */
const NAMED_AFTER_S = 2;

let cluster: LabCluster;
let controllers: Controllers;

beforeAll(async () => {
  cluster = await LabCluster.open();
  controllers = new Controllers(cluster);
  await cluster.untilReady(`app=${SERVICE}`, 3);
  await cluster.patch('loadbalancingpolicies', SERVICE, { spec: { routing: 'Subset' } });
});

afterAll(async () => {
  await scale(3);
  await cluster.untilReady(`app=${SERVICE}`, 3);
  await cluster.patch('loadbalancingpolicies', SERVICE, { spec: { routing: 'Endpoint' } });
  await eventually(async () => expect((await cluster.statusOf(SERVICE)).routing).toBe('Endpoint'));
  await cluster[Symbol.asyncDispose]();
}, 180_000);

async function scale(replicas: number): Promise<void> {
  await cluster.patch('statefulsets', SERVICE, { spec: { replicas } });
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, ordinal) => `${SERVICE}-${ordinal}`);
}

async function untilAllServe(count: number): Promise<void> {
  await eventually(async () => {
    const replicas = [...(await controllers.replicas(SERVICE)).values()];
    const serving = replicas.filter(({ requestsPerSecond, weight }) => requestsPerSecond > 0.5 && weight > 0);
    expect(serving.map(({ name }) => name).toSorted()).toEqual(names(count));
  });
}

/** Replicas that have a route of their own. */
async function routed(): Promise<string[]> {
  const found = await cluster.find<{ spec: { http: { match?: { headers: Record<string, { exact: string }> }[] }[] } }>(
    'virtualservices',
    `ballast-${SERVICE}`,
  );
  const matches = (found?.spec.http ?? []).flatMap(({ match = [] }) => match);
  return matches.flatMap(({ headers }) => Object.values(headers).map(({ exact }) => exact));
}

test('sidecars lead requests by routes per replica, and none is left to chance', async () => {
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await eventually(async () => expect((await cluster.statusOf(SERVICE)).routing).toBe('Subset'));
    await cluster.untilPolicy(SERVICE, 'Balanced');
    expect(await routed()).toEqual(names(3));
    await untilAllServe(3);
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
});

test('3 to 6 replicas: they are routed to before they are ready, and no request fails', async () => {
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await scale(6);
    await eventually(async () => expect(await routed()).toEqual(names(6)));
    await cluster.untilReady(`app=${SERVICE}`, 6);
    await untilAllServe(6);
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
}, 300_000);

test('6 to 2 replicas: what fails is what the old table sent to those that went', async () => {
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await untilAllServe(6);
    await scale(2);
    await untilAllServe(2);
    await eventually(async () => expect(await routed()).toEqual(names(2)));
  });
  console.log(`Subset routing, 6 to 2 replicas: ${load.failed} of ${load.due} requests failed`);
  expect(load.failed).toBeLessThanOrEqual(RATE * NAMED_AFTER_S * (4 / 6));
  // Nothing else went wrong: what failed was answered, by the frontend, that its sidecar found no one.
  expect(load.failures).toMatchObject({ connect: 0, reset: 0, timeout: 0, notSent: 0 });
}, 300_000);
