/**
 * A client that names the replica itself: a hundred requests for each replica through the ingress gateway. Counts only
 * where the policy allows it, and only for a replica that there is.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PinningReport } from '../../central-controller/cli/verify/pinning-report.ts';
import { ENDPOINT_HEADER, serviceHost } from '../../contract/names.ts';
import { ballast } from '../central-controller/cli/ballast-process.ts';
import { eventually } from '../support/soon.ts';
import { HOTEL, LabCluster } from './support/cluster.ts';
import { replicasOf } from './support/traffic.ts';

const REQUESTS = 100;
const BY_HOST = join(import.meta.dirname, '../../istio-configs/hotel-reservation/pinning/by-host.yaml');

/** A service at the gateway's door and one behind it, and a request that costs each of them CPU. */
const CHECKED = [
  ['frontend', '/user?username=Cornell_1&password=1111111111'],
  ['geo', '/nearby?lat=37.8&lon=-122.1'],
] as const;
const SERVICES = CHECKED.map(([service]) => service);

const replicas = (service: string): string[] => [0, 1, 2].map((index) => `${service}-${index}`);

let cluster: LabCluster;

beforeAll(async () => {
  cluster = await LabCluster.open();
  for (const service of SERVICES) await cluster.untilReady(`app=${service}`, 3);
  await cluster.lab.kubectl.run('apply', '-f', BY_HOST);
});

afterAll(async () => {
  await setPinning(null);
  await cluster.lab.kubectl.run('delete', '--ignore-not-found', '-f', BY_HOST);
  await cluster[Symbol.asyncDispose]();
});

async function setPinning(pinning: 'Allowed' | null): Promise<void> {
  for (const service of SERVICES) await cluster.patch('loadbalancingpolicies', service, { spec: { pinning } });
}

async function servedWith(wish: string): Promise<Record<string, number>> {
  return replicasOf(cluster.lab.ingress, REQUESTS, { [ENDPOINT_HEADER]: wish });
}

/** Output of the command, run as a user does. */
async function verify(service: string, path: string): Promise<PinningReport & { code: number }> {
  const { kubeconfig } = cluster.lab.folder;
  const where = ['--kubeconfig', kubeconfig, '--address', cluster.lab.ingress.href];
  const what = ['--host', serviceHost(HOTEL, service), '--path', path, '--requests', String(REQUESTS), '--json'];
  const { code, out, err } = await ballast(['verify', 'pinning', `${HOTEL}/${service}`, ...where, ...what]);
  if (out === '') throw new Error(err);
  return { ...(JSON.parse(out) as PinningReport), code };
}

test('by default what a client wishes has no influence', async () => {
  // All of them, once none is new any more.
  await eventually(async () => {
    const served = await servedWith('frontend-0');
    expect(Object.keys(served).toSorted()).toEqual(replicas('frontend'));
  });
});

describe('where the policy allows it', () => {
  beforeAll(async () => {
    await setPinning('Allowed');
    await eventually(async () => expect(await servedWith('frontend-2')).toEqual({ 'frontend-2': REQUESTS }));
  });

  test.each(CHECKED)(
    'each replica of %s alone serves who asks for it, and its CPU alone rises',
    async (service, path) => {
      // What was served before fades from the averages, so this is waited for.
      await eventually(async () => {
        const { code, pinning, replicas: found } = await verify(service, path);
        expect({ code, pinning }).toEqual({ code: 0, pinning: 'Allowed' });
        expect(found.map(({ replica, answered, rose }) => ({ replica, answered, rose }))).toEqual(
          replicas(service).map((replica) => ({ replica, answered: { [replica]: REQUESTS }, rose: [replica] })),
        );
      });
    },
  );

  test('a replica that there is not is no wish', async () => {
    await eventually(async () => {
      const served = await servedWith('frontend-9');
      expect(Object.keys(served).toSorted()).toEqual(replicas('frontend'));
    });
  });
});
