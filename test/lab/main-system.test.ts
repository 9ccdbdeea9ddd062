/** What the guide tells users of the hotel application to do, by its script: with kubectl, curl and Debian's wrk. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENDPOINT_HEADER } from '../../contract/names.ts';
import { kubectlEnvironment } from '../../tools/lab/control-plane/kubectl.ts';
import { eventually } from '../support/soon.ts';
import { LabCluster } from './support/cluster.ts';
import { replicasOf } from './support/traffic.ts';
import { ensureWrk, type Wrk } from './support/wrk.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const SCRIPT = 'tools/load-generator/main-system.sh';
const REPLICAS = ['frontend-0', 'frontend-1', 'frontend-2'];

let cluster: LabCluster;
let wrk: Wrk;

beforeAll(async () => {
  wrk = await ensureWrk();
  cluster = await LabCluster.open();
  await cluster.untilReady('app=frontend', REPLICAS.length);
});

afterAll(async () => {
  await setPinning(null);
  await cluster[Symbol.asyncDispose]();
});

async function setPinning(pinning: 'Allowed' | null): Promise<void> {
  await cluster.patch('loadbalancingpolicies', 'frontend', { spec: { pinning } });
}

async function script(...args: string[]): Promise<{ code: number; printed: string }> {
  const { folder } = cluster.lab;
  const env = {
    ...process.env,
    ...kubectlEnvironment(folder.kubeconfig),
    ...wrk.environment,
    PATH: [folder.folder('bin'), wrk.folder, process.env['PATH']].join(':'),
    DURATION: '5',
  };
  return new Promise((ended) => {
    execFile('bash', [SCRIPT, ...args], { cwd: CHECKOUT, env }, (error, stdout, stderr) => {
      ended({ code: error === null ? 0 : Number(error.code), printed: `${stdout}${stderr}` });
    });
  });
}

test('the address of the ingress gateway is found by kubectl', async () => {
  const { hostname } = cluster.lab.ingress;
  expect(await script('address')).toEqual({ code: 0, printed: `${hostname}:80\n` });
});

test('without a step the script says which there are', async () => {
  const { code, printed } = await script();
  expect(code).toBe(2);
  expect(printed).toContain('main-system.sh pin');
});

test('where the policy denies it, requests for one replica are answered by others, and the script fails', async () => {
  const { code, printed } = await script('pin');
  expect(printed).toMatch(/^frontend-0: \d+ of 100 answered by itself/);
  expect(code).toBe(1);
});

describe('where the policy allows it', () => {
  beforeAll(async () => {
    await setPinning('Allowed');
    await eventually(async () => {
      const served = await replicasOf(cluster.lab.ingress, 100, { [ENDPOINT_HEADER]: 'frontend-2' });
      expect(served).toEqual({ 'frontend-2': 100 });
    });
  });

  test('each replica answers a hundred requests that name it', async () => {
    const printed = REPLICAS.map((pod) => `${pod}: 100 of 100 answered by itself, 0 failed or answered by another\n`);
    expect(await script('pin')).toEqual({ code: 0, printed: printed.join('') });
  });

  test.each([[[]], [['frontend-1']]])('wrk runs the Lua script against the gateway: load %j', async (pod) => {
    const { code, printed } = await script('load', ...pod);
    expect({ code, printed }).toMatchObject({ code: 0, printed: expect.stringContaining('Latency Distribution') });
    const [, sent = '0'] = /(\d+) requests in/.exec(printed) ?? [];
    expect(Number(sent)).toBeGreaterThan(0);
    // Named only where there are any; a machine that does much else may let some come too late.
    const [, refused = '0'] = /Non-2xx or 3xx responses: (\d+)/.exec(printed) ?? [];
    expect(Number(refused)).toBeLessThan(0.1 * Number(sent));
    expect(printed).not.toMatch(/Socket errors: (?!connect 0, read 0, write 0)/);
  });
});
