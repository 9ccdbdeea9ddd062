/** The operator of load tests, on a real API server and against real servers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CHECKOUT } from '../../../tools/images/build-images.ts';
import { grantedRights, usedRights } from '../install/grants.ts';
import { kustomize } from '../install/render.ts';
import { LEASE, LoadCluster } from './load-cluster.ts';

const DONE = ['Succeeded', 'Started', 'Completed'] as const;

let cluster: LoadCluster;
let child: ChildProcess | undefined;

beforeAll(async () => {
  cluster = await LoadCluster.start();
});

afterAll(async () => cluster?.[Symbol.asyncDispose]());

beforeEach(() => cluster.startOperator());

afterEach(async () => {
  child?.kill('SIGKILL');
  await cluster.stopOperator();
});

/** Answers as two replicas in turn. */
function twoReplicas(): RequestListener {
  let served = 0;
  return (_request, response) => {
    served += 1;
    response.setHeader('x-served-by', `search-${served % 2}`);
    response.end('hello');
  };
}

/** Answers after a while, and knows how many waited at once at most. */
function slowServer(ms: number): { readonly listener: RequestListener; readonly most: number } {
  let [open, most] = [0, 0];
  return {
    listener(_request, response) {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open -= 1;
        response.end();
      }, ms);
    },
    get most() {
      return most;
    },
  };
}

test('a load runs, says how far it is, and what it measured', async () => {
  await cluster.serve('search', twoReplicas());
  await cluster.request('whole', { targetQps: 40, durationSeconds: 3 });
  await cluster.untilProgress('whole');
  expect((await cluster.read('whole')).status).toMatchObject({ phase: 'Running', observedGeneration: 1 });

  const status = await cluster.until('whole', ...DONE);
  expect(status.progress).toMatchObject({ requests: 120, succeeded: 120, failed: 0, dropped: 0, achievedQps: 40 });
  const { metadata, measured } = await cluster.resultOf('whole');
  const { uid } = (await cluster.read('whole')).metadata;
  expect(metadata.ownerReferences).toMatchObject([{ kind: 'LoadgenRequest', name: 'whole', uid }]);
  expect(measured).toMatchObject({
    outcome: 'Completed',
    requests: 120,
    failures: { status: 0, connect: 0, reset: 0, timeout: 0, dropped: 0 },
    replicas: [
      { name: 'search-0', requests: 60, percent: 50 },
      { name: 'search-1', requests: 60, percent: 50 },
    ],
  });
  expect(measured.latencyMs.p99).toBeGreaterThanOrEqual(measured.latencyMs.p50);
});

test('kubectl get shows the essentials', async () => {
  const [heading, row] = (await cluster.kubectl('get', 'loadgenresults')).split('\n');
  expect(heading?.split(/  +/)).toEqual([
    'NAME',
    'SERVICE',
    'OUTCOME',
    'REQUESTS',
    'FAILED',
    'QPS',
    'ACHIEVED',
    'P50(MS)',
    'P99(MS)',
    'DISTRIBUTION',
    'AGE',
  ]);
  expect(row).toMatch(
    /^whole-\w+ +search +Completed +120 +0 +40 +40 +[\d.]+ +[\d.]+ +search-0 50%, search-1 50% +\d+s$/,
  );
  const [titles, request] = (await cluster.kubectl('get', 'loadgenrequests')).split('\n');
  expect(titles?.split(/  +/)).toEqual([
    'NAME',
    'SERVICE',
    'QPS',
    'SECONDS',
    'PHASE',
    'STARTED',
    'REQUESTS',
    'FAILED',
    'ACHIEVED',
    'RESULT',
    'AGE',
  ]);
  expect(request).toMatch(/^whole +search +40 +3 +Succeeded +Started +120 +0 +40 +whole-\w+ +\d+s$/);
});

test('what would exceed maxOutstanding is dropped, and said', async () => {
  const slow = slowServer(400);
  await cluster.serve('search', slow.listener);
  await cluster.request('slow', { targetQps: 50, durationSeconds: 2, maxOutstanding: 3 });
  const { conditions } = await cluster.until('slow', ...DONE);
  expect(slow.most).toBe(3);
  const { requests, succeeded, failed, failures } = (await cluster.resultOf('slow')).measured;
  expect(requests).toBe(100);
  expect(failures.dropped).toBeGreaterThan(0);
  expect({ failed, succeeded }).toEqual({ failed: failures.dropped, succeeded: 100 - failures.dropped });
  expect(conditions?.[1]?.message).toContain(`${failures.dropped} of them dropped beyond maxOutstanding`);
});

test('loads against one service run one after the other, those against another meanwhile', async () => {
  const search = slowServer(20);
  await cluster.serve('search', search.listener);
  await cluster.serve('geo', twoReplicas());
  // Two at once would have two requests outstanding.
  const spec = { targetQps: 20, durationSeconds: 1, maxOutstanding: 1 };
  await cluster.request('first', { ...spec, durationSeconds: 5 });
  await cluster.until('first', 'Running', 'Started', 'Running');
  await cluster.request('second', spec);
  await cluster.request('other', spec, 'geo');
  const { conditions } = await cluster.until('second', 'Pending', 'Queued', 'Waiting');
  expect(conditions?.[0]?.message).toBe('first runs against Service search.');
  await cluster.until('other', ...DONE);
  const { startTime = '' } = await cluster.until('second', ...DONE);
  const { completionTime = '' } = (await cluster.read('first')).status ?? {};
  expect(Date.parse(startTime)).toBeGreaterThanOrEqual(Date.parse(completionTime));
  expect(search.most).toBe(1);
});

test('a request whose Service does not exist says so, and begins when it does', async () => {
  await cluster.serve('later', twoReplicas());
  await cluster.request('early', { durationSeconds: 1, port: 80 }, 'later');
  const { conditions } = await cluster.until('early', 'Pending', 'ServiceNotFound', 'Waiting');
  expect(conditions?.[0]?.message).toContain('there is no Service later in namespace shop');
  await cluster.applyService('later');
  await cluster.until('early', 'Pending', 'PortNotFound', 'Waiting');
  await cluster.applyService('later', 80);
  await cluster.until('early', ...DONE);
});

test('a request that is deleted stops its load', async () => {
  let served = 0;
  await cluster.serve('search', (_request, response) => {
    served += 1;
    response.end();
  });
  await cluster.request('unwanted', { targetQps: 50, durationSeconds: 300 });
  await cluster.untilProgress('unwanted');
  await cluster.delete('unwanted');
  await cluster.request('next', { targetQps: 1, durationSeconds: 1 });
  await cluster.until('next', ...DONE);
  const before = served;
  await cluster.request('last', { targetQps: 1, durationSeconds: 3 });
  await cluster.until('last', ...DONE);
  expect(served).toBe(before + 3);
});

test('an operator that is stopped writes what was measured; the next one does not run it again', async () => {
  await cluster.serve('search', twoReplicas());
  await cluster.request('stopped', { targetQps: 50, durationSeconds: 300 });
  await cluster.untilProgress('stopped');
  await cluster.stopOperator();
  const status = await cluster.until('stopped', 'Failed', 'Started', 'Interrupted');
  const { measured } = await cluster.resultOf('stopped');
  expect(measured).toMatchObject({ outcome: 'Interrupted', requests: status.progress?.requests, failed: 0 });

  await cluster.startOperator();
  await cluster.request('after', { targetQps: 1, durationSeconds: 1 });
  await cluster.until('after', ...DONE);
  expect((await cluster.read('stopped')).status).toEqual(status);
});

test('a load whose operator is killed is told to be interrupted, with its last progress', async () => {
  await cluster.stopOperator();
  const main = join(CHECKOUT, 'tools/load-generator/operator/main.ts');
  const flags = ['--kubeconfig', cluster.kubeconfig, '--namespace', LEASE.namespace, '--listen', '127.0.0.1:0'];
  child = spawn(process.execPath, [main, ...flags, '--log-level', 'error'], { stdio: 'inherit' });
  await cluster.request('killed', { targetQps: 10, durationSeconds: 300 });
  const requests = await cluster.untilProgress('killed');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await cluster.startOperator();
  const { progress, conditions } = await cluster.until('killed', 'Failed', 'Started', 'Interrupted');
  expect(progress?.requests).toBeGreaterThanOrEqual(requests);
  expect(conditions?.[1]?.message).toContain(`${progress?.requests} requests`);
});

test('what is over is deleted when its time to live is', async () => {
  await cluster.serve('search', twoReplicas());
  await cluster.request('short', { durationSeconds: 1, ttlSecondsAfterFinished: 0 });
  await cluster.untilGone('short');
  // There is no garbage collector here.
  expect(await cluster.kubectl('get', 'lgres', '-o', 'name')).toContain('/short-');
});

test('what its roles grant is what the operator used, no less and no more', async () => {
  const all = await cluster.audited();
  expect(all.filter(({ status }) => status === 403)).toEqual([]);
  const roles = (await kustomize('load-generator/base')).filter(
    ({ kind, metadata }) => /^(?:Cluster)?Role$/.test(kind) && metadata.name === 'ballast-load-operator',
  );
  expect(roles).toHaveLength(2);
  expect(usedRights(all)).toEqual(grantedRights(roles));
  expect(cluster.complaints).toEqual([]);
});
