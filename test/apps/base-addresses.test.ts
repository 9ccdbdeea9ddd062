/** The base address of every program: its path is kept, its credentials are sent, and nothing shows the password. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Registry } from 'prom-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KubernetesClient } from '../../central-controller/kubernetes/client.ts';
import { registerApiRequestMetrics } from '../../central-controller/metrics/api-request-metrics.ts';
import { parseBaseAddress } from '../../contract/base-address.ts';
import { AssignmentStream } from '../../host-agent/uplink/assignment-stream.ts';
import { ControllerLink } from '../../host-agent/uplink/controller-link.ts';
import { postReports } from '../../host-agent/uplink/post-reports.ts';
import { runLoad } from '../../tools/load-generator/load.ts';
import type { LoadReport } from '../../tools/load-generator/show/report.ts';
import { testFolder } from './playlist-recommender/support.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const BASIC = `Basic ${Buffer.from('user:secret').toString('base64')}`;

interface Target {
  /** `http://user:secret@127.0.0.1:<port>` */
  readonly address: string;
  readonly port: number;
  /** `<method> <path> <authorization>` of each request, once each. */
  readonly seen: Set<string>;
}

async function target(body = '{}', status = 200): Promise<Target> {
  const seen = new Set<string>();
  const server = createServer((request, response) => {
    seen.add(`${request.method} ${request.url} ${request.headers.authorization}`);
    request.resume().on('end', () => response.writeHead(status).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: `http://user:secret@127.0.0.1:${port}`, port, seen };
}

/** Everything that a program prints, whether or not it fails. */
async function run(module: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, NO_COLOR: '1' };
  const printed = await promisify(execFile)(process.execPath, [module, ...args], { cwd: CHECKOUT, env }).catch(
    (error: unknown) => error as { stdout: string; stderr: string },
  );
  return `${printed.stdout}${printed.stderr}`;
}

describe('load generator', () => {
  const load = (url: string, ...more: string[]) =>
    run('tools/load-generator/main.ts', '--url', url, '--rate', '20', '--duration', '200ms', '--json', ...more);

  test.each([
    ['/?x=1', '/?x=1', 'plain'],
    ['/app/', '/app/', 'plain'],
    ['/app', '/app/healthz', 'one path'],
    ['/app/', '/app/healthz', 'one path'],
  ])('below %s it requests %s with the mix %s', async (path, expected, mix) => {
    const { address, port, seen } = await target();
    const file = join(import.meta.dirname, 'one-path.mix.yaml');
    const printed = await load(`${address}${path}`, '--mix', mix === 'plain' ? 'plain' : file);
    const report = JSON.parse(printed) as LoadReport;
    expect(report).toMatchObject({ requests: 4, answered: 4, failed: 0 });
    expect(report.setting.url).toBe(`http://127.0.0.1:${port}${path}`);
    expect(printed).not.toContain('secret');
    expect([...seen]).toEqual([`GET ${expected} ${BASIC}`]);
  });

  test('a header of the command line wins over the credentials of the address', async () => {
    const { address, seen } = await target();
    await load(address, '--header', 'Authorization: Bearer token');
    expect([...seen]).toEqual(['GET / Bearer token']);
  });

  test.each([
    ['at once', 0],
    ['byte by byte', 1],
  ])('an unasked 100 Continue that arrives %s is no failure', async (_how, size) => {
    const server = createTcpServer((socket) => {
      socket.setNoDelay(true).on('error', () => undefined);
      socket.on('data', () => void answer());
      const answer = async (): Promise<void> => {
        const bytes = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nHTTP/1.1 100';
        const parts = size === 0 ? [bytes] : bytes.split('');
        for (const part of parts) await new Promise((resolve) => socket.write(part, () => setImmediate(resolve)));
      };
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const result = await runLoad({
      url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      mix: { name: 'plain', parameters: {}, requests: [{ name: 'get', weight: 1, method: 'GET', path: '' }] },
      rate: 20,
      durationSeconds: 0.5,
      connections: 2,
      timeoutSeconds: 10,
      seed: 1,
    }).finished;
    expect(result).toMatchObject({ due: 10, answered: 10, failed: 0, statuses: { '200': 10 }, bytes: 120 });
  });
});

describe('load generator and odd answers', () => {
  /** What comes of ten requests that are answered with these bytes each. */
  async function resultOf(answer: string) {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined).on('data', () => void socket.write(answer));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    return runLoad({
      url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      mix: { name: 'plain', parameters: {}, requests: [{ name: 'get', weight: 1, method: 'GET', path: '' }] },
      rate: 20,
      durationSeconds: 0.5,
      connections: 2,
      timeoutSeconds: 10,
      seed: 1,
    }).finished;
  }

  test.each([
    [
      'a 304 with the length of what it does not send',
      'HTTP/1.1 304 Not Modified\r\ncontent-length: 1234\r\n\r\n',
      '304',
    ],
    [
      'headers that Envoy takes and Node by itself does not',
      `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(40_000)}\r\ncontent-length: 2\r\n\r\nok`,
      '200',
    ],
    [
      'early hints and a second informational answer',
      'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
      '200',
    ],
  ])('%s is an answer, and no reset', async (_what, bytes, status) => {
    expect(await resultOf(bytes)).toMatchObject({ due: 10, answered: 10, failed: 0, statuses: { [status]: 10 } });
  });
});

describe('ballast --controller', () => {
  test('asks below the path, with the credentials', async () => {
    const { address, seen } = await target('{"services":[]}');
    await run('central-controller/cli/main.ts', 'weights', 'get', 'shop/cart', '--controller', `${address}/ballast/`);
    expect([...seen][0]).toBe(`GET /ballast/api/v1/decisions/latest ${BASIC}`);
  });

  test.each([
    ['another kind of server', 404],
    ['a server that fails', 500],
  ])('does not show the password of %s', async (_what, status) => {
    const { address } = await target('no', status);
    const printed = await run('central-controller/cli/main.ts', 'top', '--once', '--controller', address);
    expect(printed).toContain('***@127.0.0.1');
    expect(printed).not.toContain('secret');
  });
});

describe('agent --controller', () => {
  test('reports and follows assignments below the path, with the credentials', async () => {
    const { address, port, seen } = await target('{"code":"UNKNOWN_PATH"}', 404);
    const base = parseBaseAddress(`${address}/ballast`);
    if (!base.ok) throw new Error(base.failure.message);
    const link = new ControllerLink(base.value, () => performance.now());
    const dispatcher = link.dispatcher();
    const origin = `http://127.0.0.1:${port}`;
    for (const isOld of [false, true]) await postReports(dispatcher, link, { origin, isOld }, '{}');
    await dispatcher.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    const ports = { line() {}, update() {}, fault() {}, refused() {}, disconnected: () => resolve() };
    const subscription = () => ({ node: 'n 1', instance: 'i', epoch: 0, services: [] });
    const stream = new AssignmentStream(link, { ...ports, subscription });
    stream.start();
    await promise;
    await stream.close();
    expect([...seen]).toEqual([
      `POST /ballast/agent/v2/reports ${BASIC}`,
      `POST /ballast/agent/v1/reports ${BASIC}`,
      `POST /ballast/agent/v2/assignments ${BASIC}`,
      expect.stringMatching(new RegExp(`^GET /ballast/agent/v1/assignments\\?node=n%201.* ${BASIC}$`)),
    ]);
  });
});

describe('API server', () => {
  test('below a path, behind a proxy, it is asked and counted', async () => {
    const { port, seen } = await target();
    const server = `http://127.0.0.1:${port}/k8s/clusters/c-1`;
    const registry = new Registry();
    const end = registerApiRequestMetrics(registry, server, () => performance.now());
    onTestFinished(end);
    const login = {
      get: async () => ({ headers: { Authorization: 'Bearer token' }, tls: {} }),
      forget: () => undefined,
    };
    const client = new KubernetesClient({ server, login });
    await client.request('GET', '/api/v1/pods', { query: { limit: 5 } });
    await client.close();
    expect([...seen]).toEqual(['GET /k8s/clusters/c-1/api/v1/pods?limit=5 Bearer token']);
    expect(await registry.metrics()).toContain('{verb="list",resource="pods",code="200"} 1');
  });
});

describe('playlist recommender', () => {
  const playlists = (...args: string[]) => run('apps/playlist-recommender/main.ts', ...args);

  test('its client asks below the path, with the credentials', async () => {
    const { address, seen } = await target('{"songs":["Two"],"version":"1","model_date":"may"}');
    expect(await playlists('ask', 'One', '--url', `${address}/music/`)).toBe('Two\n(version 1, rules of may)\n');
    expect([...seen]).toEqual([`POST /music/api/recommend ${BASIC}`]);
  });

  test('its client does not show the password of a service that fails', async () => {
    const { address } = await target('no', 500);
    const printed = await playlists('ask', 'One', '--url', address);
    expect(printed).toContain('answers 500: no');
    expect(printed).not.toContain('secret');
  });

  test('its miner sends the credentials of the data set and stores the address without them', async () => {
    const { address, port, seen } = await target('pid,track_name\n1,One\n1,Two\n');
    const folder = testFolder();
    const printed = await playlists('mine', '--dataset', `${address}/list.csv?v=2`, '--data', folder, '--json');
    expect([...seen]).toEqual([`GET /list.csv?v=2 ${BASIC}`]);
    const checkpoint = readFileSync(join(folder, 'checkpoint.json'), 'utf8');
    expect(JSON.parse(checkpoint)).toMatchObject({ dataset: `http://127.0.0.1:${port}/list.csv?v=2` });
    expect(`${printed}${checkpoint}`).not.toContain('secret');
  });

  test('its miner does not show the password of a host that does not answer', async () => {
    const printed = await playlists('mine', '--dataset', 'http://user:secret@127.0.0.1:1/x', '--data', testFolder());
    expect(printed).toContain('DATASET_UNREACHABLE');
    expect(printed).not.toContain('secret');
  });
});
