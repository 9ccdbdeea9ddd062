/** The three experiments as commands, on replicas that are processes behind a proxy of this test. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished, expect, test } from 'vitest';
import type { Measured } from '../../../../apps/playlist-recommender/experiment/run-experiment.ts';
import { startService, type ServiceProcess } from '../../support/service-process.ts';
import { testFolder } from '../support.ts';

const MODULE = 'apps/playlist-recommender/main.ts';
const TIMES = ['--interval', '10ms', '--before', '500ms', '--settle', '500ms', '--timeout', '60s'];

async function run(...args: string[]): Promise<{ code: number; out: string }> {
  const child = spawn(process.execPath, [MODULE, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const out = await text(child.stdout);
  return { code: Number((await exited)[0]), out };
}

/** Sends requests to the replicas in turn, as a gateway does; a POST of `change` runs it. */
async function startGateway(replicas: readonly ServiceProcess[]) {
  const behind = [...replicas];
  let turn = 0;
  let change = async (): Promise<void> => {};
  const server = createServer(async (request, response) => {
    if (request.url === '/change') {
      await change();
      response.end();
      return;
    }
    const replica = behind[turn++ % behind.length];
    const answer = replica && (await forward(replica, await text(request)).catch(() => undefined));
    if (!answer) response.writeHead(503).end('no healthy upstream');
    else
      response
        .writeHead(answer.status, { 'x-served-by': answer.headers.get('x-served-by') ?? '' })
        .end(await answer.text());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, behind, onChange: (run: () => Promise<void>) => (change = run) };
}

async function forward({ url }: ServiceProcess, body: string): Promise<Response> {
  return fetch(new URL('/api/recommend', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body,
  });
}

async function startReplica(name: string, data: string, version: string): Promise<ServiceProcess> {
  const replica = await startService(MODULE, ['--data', data, '--poll', '50ms', '--version', version], {
    POD_NAME: name,
  });
  await expect.poll(async () => (await fetch(new URL('/readyz', replica.url))).status).toBe(200);
  return replica;
}

/** Three replicas with rules, and their gateway. */
async function startThree() {
  const data = testFolder();
  expect((await run('mine', '--dataset', 'generated:', '--data', data)).code).toBe(0);
  const replicas = await Promise.all(['r-0', 'r-1', 'r-2'].map(async (name) => startReplica(name, data, '1.1.0')));
  return { data, gateway: await startGateway(replicas) };
}

async function experiment(what: string, url: string, command: readonly string[]): Promise<Measured> {
  const { code, out } = await run('experiment', what, '--url', url, ...TIMES, '--json', '--', ...command);
  expect(code).toBe(0);
  return JSON.parse(out) as Measured;
}

/** The command that has the gateway change something. */
const change = (url: string): string[] => [process.execPath, '-e', `await fetch('${url}/change')`];

test('a new data set takes effect without a failed request', async () => {
  const { data, gateway } = await startThree();
  const mine = [process.execPath, MODULE, 'mine', '--dataset', 'generated:2', '--data', data];
  const measured = await experiment('data', gateway.url, mine);
  expect(measured).toMatchObject({ failed: 0, downtimeMs: 0, effect: { before: [expect.any(String)] } });
  const { firstMs = -1, completeMs = -1, after } = measured.effect ?? {};
  expect(after).toHaveLength(1);
  expect(firstMs).toBeGreaterThan(0);
  expect(completeMs).toBeGreaterThanOrEqual(firstMs);
});

test('from three replicas to two: the one that goes answers what it has', async () => {
  const { gateway } = await startThree();
  gateway.onChange(async () => {
    const leaving = gateway.behind.pop();
    await leaving?.stop();
  });
  const measured = await experiment('replicas', gateway.url, change(gateway.url));
  expect(measured).toMatchObject({ failed: 0, effect: { before: ['r-0', 'r-1', 'r-2'], after: ['r-0', 'r-1'] } });
});

test('new code is told by its version, and a gap between old and new by its length', async () => {
  const { data, gateway } = await startThree();
  gateway.onChange(async () => {
    const old = gateway.behind.splice(0);
    await Promise.all(old.map(async ({ stop }) => stop()));
    gateway.behind.push(await startReplica('n-0', data, '1.2.0'));
  });
  const measured = await experiment('code', gateway.url, change(gateway.url));
  expect(measured.effect).toMatchObject({ before: ['1.1.0'], after: ['1.2.0'] });
  expect(measured.failed).toBeGreaterThan(0);
  expect(measured.longestMs).toBeGreaterThan(0);
  expect(measured.firstError).toMatch(/answers 503: no healthy upstream/);
});

test('a change that does not come, or a command that fails, is told', async () => {
  const { gateway } = await startThree();
  const flags = ['--url', gateway.url, '--interval', '10ms', '--before', '200ms', '--settle', '200ms'];
  const late = await run('experiment', 'code', ...flags, '--timeout', '500ms', '--', 'true');
  expect(late.code).toBe(1);
  expect(late.out).toMatch(/^code: the change was not there as a whole in time \(--timeout\)$/m);
  expect(late.out).toMatch(/^of \d+ requests none failed$/m);
  expect(await run('experiment', 'code', ...flags, '--', 'false')).toEqual({ code: 1, out: '' });
});
