/** Strict mutual TLS for the application's namespace: strangers are refused, and Ballast goes on. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOTEL, LabCluster } from './support/cluster.ts';
import { type Pod, proxyMetric } from './support/pods.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import { loadDuring, startTraffic, summaryOf } from './support/traffic.ts';

const OUTSIDER = 'outsider';

let cluster: LabCluster;
let controllers: Controllers;
let replica: Pod;

/** Has no sidecar, and nothing to do but to be asked to call. */
const outsider = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: OUTSIDER, namespace: 'default' },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: OUTSIDER,
        image: 'ballast/hotel-reservation:0.1.0',
        command: ['/usr/local/bin/node', '-e', 'setInterval(() => {}, 1e6)'],
      },
    ],
  },
};

const strict = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: HOTEL },
  spec: { mtls: { mode: 'STRICT' } },
};

beforeAll(async () => {
  cluster = await LabCluster.open();
  controllers = new Controllers(cluster);
  await cluster.apply(outsider);
  const [first] = await cluster.untilReady('app=user', 3);
  if (!first) throw new Error('no replica of user');
  replica = first;
  await cluster.lab.kubectl.run('wait', '--for=condition=Ready', `pod/${OUTSIDER}`, '--timeout=120s');
}, 180_000);

afterAll(async () => {
  await cluster.remove('peerauthentications', 'default');
  await cluster.remove('pods', OUTSIDER, 'default');
  await cluster[Symbol.asyncDispose]();
});

/** What comes of a request to a replica without TLS: a status, or `refused`. */
async function callWithoutTls(): Promise<string> {
  const program = `fetch('http://${replica.ip}:8080/check?username=a&password=b')
    .then(({ status }) => console.log(status), () => console.log('refused'))`;
  const call = ['/usr/local/bin/node', '-e', program];
  return (await cluster.lab.exec({ namespace: 'default', pod: OUTSIDER }, call)).trim();
}

test('what has no certificate is refused, meshed requests go on, and proxies still get their tables', async () => {
  expect(await callWithoutTls()).toBe('200');

  const before = await controllers.proxies();
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await cluster.apply(strict);
    await eventually(async () => expect(await callWithoutTls()).toBe('refused'));
    await eventually(async () => {
      const { proxies } = await controllers.proxies();
      const behind = proxies.filter(({ tableVersion }) => tableVersion <= before.version).map(({ pod }) => pod);
      expect(behind).toEqual([]);
    });
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
});

test('a proxy that starts under it gets plugin and table', async () => {
  const first = async () => (await cluster.pods('app=frontend')).find(({ name }) => name === 'frontend-0');
  const old = await first();
  await cluster.remove('pods', 'frontend-0');
  const load = startTraffic(cluster.lab.ingress);
  try {
    await eventually(async () => {
      const pod = await first();
      if (!pod?.ready || pod.uid === old?.uid) throw new Error('frontend-0 is not there again');
      expect(await proxyMetric(pod, 'ballast_picks_total')).toBeGreaterThan(0);
    });
  } finally {
    await load.stop();
  }
  expect(summaryOf(await load.finished)).toMatchObject({ failed: 0 });
});
