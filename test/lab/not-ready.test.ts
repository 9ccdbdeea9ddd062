/**
 * A roll-out whose first new replica runs and does not become ready. Istio sends such an endpoint to proxies from 1.31
 * on, marked as unhealthy, and leaves it out before: either way it gets no request until it is ready.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/soon.ts';
import { HOTEL, LabCluster } from './support/cluster.ts';
import type { Pod } from './support/pods.ts';
import { loadDuring, summaryOf } from './support/traffic.ts';

/** A condition that only this test sets. */
const GATE = 'ballast.dev/test-gate';
const LATE = 'frontend-2';
/** 500 requests. */
const WATCH_MS = 5_000;

let cluster: LabCluster;

beforeAll(async () => {
  cluster = await LabCluster.open();
  await cluster.untilReady('app=frontend', 3);
});

afterAll(async () => {
  // A stuck roll-out goes on only after its waiting pod is gone.
  await setGate(false);
  await cluster.remove('pods', LATE);
  await cluster.lab.kubectl.run('-n', HOTEL, 'rollout', 'status', 'statefulset/frontend', '--timeout=200s');
  await cluster[Symbol.asyncDispose]();
});

/** Replaces the last replica by one that is ready only when the gate's condition is set; or takes that back. */
async function setGate(isSet: boolean): Promise<void> {
  const readinessGates = isSet ? [{ conditionType: GATE }] : null;
  const updateStrategy = { rollingUpdate: { partition: isSet ? 2 : 0 } };
  await cluster.patch('statefulsets', 'frontend', { spec: { updateStrategy, template: { spec: { readinessGates } } } });
}

/** The new pod, once its containers run. */
async function untilRunning(before: Pod | undefined): Promise<Pod> {
  return eventually(async () => {
    const pod = (await cluster.pods('app=frontend')).find(({ name }) => name === LATE);
    if (!pod || pod.uid === before?.uid) throw new Error(`${LATE} is not replaced yet`);
    const condition = 'jsonpath={.status.conditions[?(@.type=="ContainersReady")].status}';
    expect(await cluster.lab.kubectl.run('-n', HOTEL, 'get', 'pod', LATE, '-o', condition)).toBe('True');
    return pod;
  });
}

async function letIn(pod: Pod): Promise<void> {
  const patch = JSON.stringify({ status: { conditions: [{ type: GATE, status: 'True' }] } });
  await cluster.lab.kubectl.run('-n', HOTEL, 'patch', 'pod', pod.name, '--subresource', 'status', '--patch', patch);
}

/** What the gateway's Envoy knows of the pod as an endpoint of the frontend: its health flags; undefined for nothing. */
async function healthAtGateway(pod: Pod): Promise<string | undefined> {
  const clusters = ['pilot-agent', 'request', 'GET', 'clusters'];
  const shown = await cluster.lab.kubectl.run('-n', HOTEL, 'exec', 'deployment/hotel-gateway', '--', ...clusters);
  const lines = shown.split('\n').filter((line) => line.startsWith('outbound|') && line.includes(`::${pod.ip}:`));
  return lines.map((line) => /::health_flags::(.*)$/.exec(line)?.[1]).find((flags) => flags !== undefined);
}

test('gets no request while it is not ready and its share afterwards, and no request fails', async () => {
  const [before] = (await cluster.pods('app=frontend')).filter(({ name }) => name === LATE);
  let pod: Pod | undefined;
  const waiting = await loadDuring(cluster.lab.ingress, async () => {
    await setGate(true);
    pod = await untilRunning(before);
  });
  expect(summaryOf(waiting)).toMatchObject({ failed: 0 });
  if (!pod) throw new Error('no pod');
  const late = pod;

  const isLeftOut = ['1.29', '1.30'].includes(cluster.lab.programs.pair.istio);
  await eventually(async () => {
    const flags = await healthAtGateway(late);
    if (isLeftOut) expect(flags).toBeUndefined();
    else expect(flags).toContain('failed_eds_health');
  });
  const meanwhile = await loadDuring(cluster.lab.ingress, () => sleep(WATCH_MS));
  expect(summaryOf(meanwhile)).toMatchObject({ failed: 0 });
  expect(Object.keys(meanwhile.replicas).toSorted()).toEqual(['frontend-0', 'frontend-1']);

  const served = await loadDuring(cluster.lab.ingress, async () => {
    await letIn(late);
    await cluster.untilReady('app=frontend', 3);
    await eventually(async () => expect(await healthAtGateway(late)).toBe('healthy'));
    await sleep(WATCH_MS);
  });
  expect(summaryOf(served)).toMatchObject({ failed: 0 });
  expect(Object.keys(served.replicas)).toContain(LATE);
}, 400_000);
