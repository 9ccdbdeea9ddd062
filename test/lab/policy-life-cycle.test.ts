/** A policy from Observe to its deletion: its objects in the cluster, and the headers of requests. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SESSION_LABEL } from '../../central-controller/routing/istio-names.ts';
import { ENDPOINT_HEADER, LOAD_HEADER, SESSION_HEADER } from '../../contract/names.ts';
import { LabCluster } from './support/cluster.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import { MIRROR, installMirror, lookInMirror, mirrorPolicy, removeMirror } from './support/mirror.ts';
import { loadDuring, summaryOf } from './support/traffic.ts';

const REQUESTS = 20;
const REPLICAS = [`${MIRROR}-0`, `${MIRROR}-1`, `${MIRROR}-2`];
/** What a client would send who wants to choose. */
const FORGED = { [ENDPOINT_HEADER]: `${MIRROR}-0`, [SESSION_HEADER]: btoa('10.0.0.1:8080') };

let cluster: LabCluster;

beforeAll(async () => {
  cluster = await LabCluster.open();
  await installMirror(cluster);
}, 180_000);

afterAll(async () => {
  await removeMirror(cluster);
  await cluster[Symbol.asyncDispose]();
});

async function sessionLabel(): Promise<string | undefined> {
  const service = await cluster.find<{ metadata: { labels?: Record<string, string> } }>('services', MIRROR);
  return service?.metadata.labels?.[SESSION_LABEL];
}

/** Which of Ballast's Istio objects stand for the service. */
async function routingObjects(): Promise<string[]> {
  const name = `ballast-${MIRROR}`;
  const standing: string[] = [];
  if (await cluster.find('destinationrules', name)) standing.push('DestinationRule');
  if (await cluster.find('virtualservices', name)) standing.push('VirtualService');
  return standing;
}

/** All requests carry a choice that was kept to. */
async function expectChosen(): Promise<void> {
  for (const { servedBy, received } of await lookInMirror(cluster.lab.ingress, REQUESTS, FORGED)) {
    expect({ chosen: received[ENDPOINT_HEADER] }).toEqual({ chosen: servedBy });
  }
}

/** No request carries a choice, though clients asked for one. */
async function expectUntouched(): Promise<void> {
  for (const { received } of await lookInMirror(cluster.lab.ingress, REQUESTS, FORGED)) {
    expect({ chosen: received[ENDPOINT_HEADER], session: received[SESSION_HEADER] }).toEqual({});
  }
}

test('Observe decides and changes nothing', async () => {
  await cluster.apply(mirrorPolicy({ mode: 'Observe' }));
  await cluster.untilPolicy(MIRROR, 'NotEnforced', 'Routed');
  await eventually(async () => {
    const decided = await new Controllers(cluster).replicas(MIRROR);
    expect([...decided.keys()].toSorted()).toEqual(REPLICAS);
  });
  await expectUntouched();
  expect([await sessionLabel(), await routingObjects()]).toEqual([undefined, []]);
});

test('Enforce labels the Service, and each request names the replica that serves it', async () => {
  await cluster.apply(mirrorPolicy({ mode: 'Enforce' }));
  await eventually(expectChosen);
  expect([await sessionLabel(), await routingObjects()]).toEqual([SESSION_HEADER, []]);
  await expectChosen();
  // The status follows what it describes.
  await eventually(async () => expect((await cluster.statusOf(MIRROR)).routing).toBe('Endpoint'));
});

test('the client sees nothing of it', async () => {
  for (const { returned } of await lookInMirror(cluster.lab.ingress, REQUESTS)) {
    const leaked = Object.keys(returned).filter((name) => name.startsWith('x-lb-'));
    expect(leaked, `${ENDPOINT_HEADER}, ${SESSION_HEADER} and ${LOAD_HEADER} stay in the mesh`).toEqual([]);
  }
});

test('Subset routing takes the place of the label, with an object of each kind', async () => {
  await cluster.apply(mirrorPolicy({ mode: 'Enforce', routing: 'Subset' }));
  await eventually(async () => {
    expect([await sessionLabel(), await routingObjects()]).toEqual([undefined, ['DestinationRule', 'VirtualService']]);
  });
  const rule = await cluster.find<{ spec: { subsets: { name: string }[] } }>('destinationrules', `ballast-${MIRROR}`);
  expect(rule?.spec.subsets.map(({ name }) => name)).toEqual(REPLICAS);
});

test("Off removes what was written, and requests are Istio's again", async () => {
  await cluster.apply(mirrorPolicy({ mode: 'Off' }));
  await cluster.untilPolicy(MIRROR, 'Off');
  await eventually(expectUntouched);
  await eventually(async () => {
    expect([await sessionLabel(), await routingObjects()]).toEqual([undefined, []]);
  });
});

test('a policy that is deleted leaves nothing behind', async () => {
  await cluster.apply(mirrorPolicy({ mode: 'Enforce', routing: 'Endpoint' }));
  await eventually(expectChosen);
  await cluster.remove('loadbalancingpolicies', MIRROR);
  await eventually(expectUntouched);
  await eventually(async () => {
    expect([await sessionLabel(), await routingObjects()]).toEqual([undefined, []]);
  });
});

test('from Enforce to Observe and back under load: no request fails, and decisions go on', async () => {
  const setMode = async (mode: string) => cluster.patch('loadbalancingpolicies', 'user', { spec: { mode } });
  const load = await loadDuring(cluster.lab.ingress, async () => {
    await cluster.untilPolicy('user', 'Balanced');
    try {
      await setMode('Observe');
      // The sidecars of the replicas report what they serve, so nothing has to be learnt anew afterwards.
      await cluster.untilPolicy('user', 'Observing');
    } finally {
      await setMode('Enforce');
    }
    await cluster.untilPolicy('user', 'Balanced');
  });
  expect(summaryOf(load)).toMatchObject({ failed: 0 });
});
