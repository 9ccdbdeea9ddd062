/**
 * A client that names the replica itself: a hundred requests for each replica through the ingress gateway. Counts only
 * where the policy allows it, and only for a replica that there is.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENDPOINT_HEADER } from '../../contract/names.ts';
import { LabCluster } from './support/cluster.ts';
import { Controllers } from './support/controllers.ts';
import { eventually } from '../support/soon.ts';
import { replicasOf, startTraffic, summaryOf } from './support/traffic.ts';

const REPLICAS = ['frontend-0', 'frontend-1', 'frontend-2'];
const REQUESTS = 100;
/** How much more CPU than any other the one replica uses that serves everything. */
const FAR_MORE = 3;

let cluster: LabCluster;
let controllers: Controllers;

beforeAll(async () => {
  cluster = await LabCluster.open();
  controllers = new Controllers(cluster);
  await cluster.untilReady('app=frontend', REPLICAS.length);
});

afterAll(async () => {
  await setPinning(null);
  await cluster[Symbol.asyncDispose]();
});

async function setPinning(pinning: 'Allowed' | null): Promise<void> {
  await cluster.patch('loadbalancingpolicies', 'frontend', { spec: { pinning } });
}

async function servedWith(wish: string): Promise<Record<string, number>> {
  return replicasOf(cluster.lab.ingress, REQUESTS, { [ENDPOINT_HEADER]: wish });
}

test('by default what a client wishes has no influence', async () => {
  // All of them, once none is new any more.
  await eventually(async () => {
    const served = await servedWith('frontend-0');
    expect(Object.keys(served).toSorted()).toEqual(REPLICAS);
  });
});

describe('where the policy allows it', () => {
  beforeAll(async () => {
    await setPinning('Allowed');
    await eventually(async () => expect(await servedWith('frontend-2')).toEqual({ 'frontend-2': REQUESTS }));
  });

  test.each(REPLICAS)('%s alone serves who asks for it, and its CPU alone rises', async (wish) => {
    const load = startTraffic(cluster.lab.ingress, { [ENDPOINT_HEADER]: wish });
    try {
      // What was served before fades from the averages, so this is waited for.
      await eventually(async () => {
        const decided = await controllers.replicas('frontend');
        const cpu = (name: string) => decided.get(name)?.cpuCores ?? Number.NaN;
        const others = REPLICAS.filter((name) => name !== wish).map(cpu);
        expect(cpu(wish)).toBeGreaterThan(FAR_MORE * Math.max(...others));
        expect(load.backlog.outstanding).toBeLessThan(REQUESTS);
      });
    } finally {
      await load.stop();
    }
    const result = await load.finished;
    expect(summaryOf(result)).toMatchObject({ failed: 0, replicas: { [wish]: result.answered } });
    expect(result.answered).toBeGreaterThanOrEqual(REQUESTS);
  });

  test('a replica that there is not is no wish', async () => {
    await eventually(async () => {
      const served = await servedWith('frontend-9');
      expect(Object.keys(served).toSorted()).toEqual(REPLICAS);
    });
  });
});
