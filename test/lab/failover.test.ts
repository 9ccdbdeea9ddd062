/** Ballast's own processes are killed, as nothing can prepare for: requests do not notice. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabCluster } from './support/cluster.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import { fallbacksOf, killContainers, proxyMetric } from './support/pods.ts';
import { loadDuring, summaryOf } from './support/traffic.ts';

const AGENTS = 'app.kubernetes.io/name=host-agent';

let cluster: LabCluster;
let controllers: Controllers;

beforeAll(async () => {
  cluster = await LabCluster.open();
  controllers = new Controllers(cluster);
  await cluster.untilReady('app.kubernetes.io/name=central-controller', 2, 'ballast-system');
  await cluster.untilReady(AGENTS, cluster.lab.nodes.length, 'ballast-agents');
});

afterAll(() => cluster[Symbol.asyncDispose]());

/** Waits until all nodes' agents follow the controller that leads, and all proxies use a table of these versions. */
async function untilAllFollow(isFresh: (version: number) => boolean): Promise<void> {
  await eventually(async () => {
    const nodes = await controllers.nodes();
    expect(nodes.filter(({ agentConnected, stale }) => !agentConnected || stale)).toEqual([]);
    const { proxies } = await controllers.proxies();
    expect(proxies.length).toBeGreaterThan(0);
    expect(proxies.filter(({ tableVersion }) => !isFresh(tableVersion))).toEqual([]);
  });
}

/** Requests that the gateway and the frontends' sidecars left to Istio. */
async function fallbacks(): Promise<number> {
  return fallbacksOf([...(await cluster.pods('istio=hotel-gateway')), ...(await cluster.pods('app=frontend'))]);
}

test('the leader is killed: the other one leads, agents follow it, weights go on, and no request fails', async () => {
  const first = await controllers.leader();
  const leftToIstio = await fallbacks();
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await untilAllFollow((version) => version > 0);
    const { version } = await controllers.proxies();
    killContainers(cluster.lab, first);
    await eventually(async () => expect((await controllers.leader()).name).not.toBe(first.name));
    await untilAllFollow((used) => used > version);
    await cluster.untilReady('app.kubernetes.io/name=central-controller', 2, 'ballast-system');
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
  expect(await fallbacks()).toBe(leftToIstio);
}, 300_000);

test("an agent is killed: its node's proxies keep their table, and no request fails", async () => {
  const agents = await cluster.pods(AGENTS, 'ballast-agents');
  const frontends = await cluster.pods('app=frontend');
  // kubelet starts a container again at once the first time. Later it waits, up to longer than a table is valid.
  const agent = agents.find(({ node, restarts }) => restarts === 0 && frontends.some((each) => each.node === node));
  const frontend = frontends.find(({ node }) => node === agent?.node);
  if (!agent || !frontend) throw new Error('no node has a frontend and an agent that has not restarted yet');
  const agentOnNode = async () =>
    (await cluster.pods(AGENTS, 'ballast-agents')).find(({ node }) => node === frontend.node);
  const leftToIstio = await fallbacks();
  const load = await loadDuring(cluster.lab.ingress, async () => {
    const picked = await proxyMetric(frontend, 'ballast_picks_total');
    killContainers(cluster.lab, agent);
    await eventually(async () => expect(await proxyMetric(frontend, 'ballast_picks_total')).toBeGreaterThan(picked));
    expect(await proxyMetric(frontend, 'ballast_table_version')).toBeGreaterThan(0);
    await eventually(async () => {
      const again = await agentOnNode();
      expect(again?.ready && again.restarts > agent.restarts).toBe(true);
    });
    const { version } = await controllers.proxies();
    await untilAllFollow((used) => used >= version);
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
  expect(await fallbacks()).toBe(leftToIstio);
}, 300_000);
