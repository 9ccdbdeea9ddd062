/** What `kubectl apply -k` of the project's own manifests makes of a cluster, and what its users see. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOTEL, LabCluster } from './support/cluster.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import { proxyMetric } from './support/pods.ts';
import { startTourists, summaryOf } from './support/traffic.ts';

const SERVICES = ['frontend', 'geo', 'profile', 'rate', 'recommendation', 'reservation', 'search', 'user'];

let cluster: LabCluster;
let controllers: Controllers;

beforeAll(async () => {
  cluster = await LabCluster.open();
  controllers = new Controllers(cluster);
});

afterAll(() => cluster[Symbol.asyncDispose]());

test('one of two controllers leads, and every node has its agent, that of the control plane too', async () => {
  await cluster.untilReady('app.kubernetes.io/name=central-controller', 2, 'ballast-system');
  const agents = await cluster.untilReady(
    'app.kubernetes.io/name=host-agent',
    cluster.lab.nodes.length,
    'ballast-agents',
  );
  expect(agents.map(({ node }) => node).toSorted()).toEqual(cluster.lab.nodes.map(({ name }) => name).toSorted());
  await eventually(async () => {
    const nodes = await controllers.nodes();
    expect(nodes.map(({ name, agentConnected, stale }) => `${name} ${agentConnected} ${stale}`).toSorted()).toEqual(
      cluster.lab.nodes.map(({ name }) => `${name} true false`).toSorted(),
    );
  });
});

test('every sidecar and the gateway got the plugin and a table', async () => {
  const sidecars = await cluster.pods('service.istio.io/canonical-name');
  expect(sidecars).toHaveLength(3 * SERVICES.length + 1);
  await eventually(async () => {
    const versions = await Promise.all(sidecars.map((pod) => proxyMetric(pod, 'ballast_table_version')));
    expect(sidecars.filter((_, index) => versions[index] === 0).map(({ name }) => name)).toEqual([]);
  });
});

test('kubectl get lbp shows what each policy does, and whether it does', async () => {
  // Weights are learnt from requests: without any, the policies say so.
  const load = startTourists(cluster.lab.ingress);
  try {
    // A status follows its decision by a moment, and a replica may be left out of one (a failure, a late report).
    await eventually(async () => {
      const [head = '', ...rows] = (await cluster.lab.kubectl.run('-n', HOTEL, 'get', 'lbp')).trim().split('\n');
      expect(head.split(/\s+/)).toEqual(['NAME', 'TARGET', 'MODE', 'ROUTING', 'READY', 'BALANCED', 'REASON', 'AGE']);
      expect(rows.map((row) => row.split(/\s+/).slice(0, 7))).toEqual(
        SERVICES.map((name) => [name, name, 'Enforce', 'Endpoint', 'True', '3/3', 'Balanced']),
      );
    });
  } finally {
    await load.stop();
  }
  expect(summaryOf(await load.finished)).toMatchObject({ failed: 0 });
});

test('kubectl describe lbp tells the events, and what the conditions say', async () => {
  await eventually(async () => {
    const shown = await cluster.lab.kubectl.run('-n', HOTEL, 'describe', 'lbp', 'search');
    expect(shown).toMatch(/Normal\s+Balanced\s+\S+.*\s+ballast-controller\s/);
    expect(shown).toMatch(/Type:\s+Routed/);
  });
});
