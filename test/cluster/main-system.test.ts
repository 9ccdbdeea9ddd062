/** The script of the guide's page on the main system: what it asks of an API server by kubectl, and what it sends by curl. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildGoTool } from '../../tools/go/build.ts';
import { type ApiServer, startApiServer } from './api-server/api-server.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const SCRIPT = join(CHECKOUT, 'tools/load-generator/main-system.sh');
const LUA = join(CHECKOUT, 'tools/load-generator/wrk2/mixed-workload_type_1.lua');
const REPLICAS = ['frontend-0', 'frontend-1', 'frontend-2'];

const folder = mkdtempSync(join(tmpdir(), 'ballast-main-system-'));
let server: ApiServer;
let gateway: Server;
let port: number;
/** The replica that answers a request for this one; undefined: the gateway answers with 503. */
let choose: (wish: string) => string | undefined;

function objects(): string {
  const meta = (name: string, labels = {}) => ({ name, namespace: 'hotel-reservation', labels });
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'hotel-reservation' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('hotel-gateway'),
      spec: { type: 'LoadBalancer', ports: [{ name: 'http', port, nodePort: 30080 }] },
    },
    ...REPLICAS.map((name) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: meta(name, { app: 'frontend' }),
      spec: { containers: [{ name: 'frontend', image: 'ballast/hotel-reservation:0.1.0' }] },
    })),
  ];
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
}

async function setAddress(ip: string | undefined): Promise<void> {
  const status = { status: { loadBalancer: { ingress: ip === undefined ? null : [{ ip }] } } };
  const patch = [
    'patch',
    'service/hotel-gateway',
    '--subresource=status',
    '--type=merge',
    '-p',
    JSON.stringify(status),
  ];
  await server.kubectl(['--namespace=hotel-reservation', ...patch]);
}

function program(name: string, text: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(folder, name), 0o755);
}

async function script(...args: string[]): Promise<{ code: number; printed: string }> {
  const env = {
    ...process.env,
    KUBECONFIG: server.kubeconfig,
    REQUESTS: '10',
    PATH: `${folder}:${process.env['PATH']}`,
  };
  return new Promise((ended) => {
    execFile('bash', [SCRIPT, ...args], { env }, (error, stdout, stderr) => {
      ended({ code: error === null ? 0 : Number(error.code), printed: `${stdout}${stderr}` });
    });
  });
}

beforeAll(async () => {
  gateway = createServer((request, response) => {
    const pod = choose(String(request.headers['x-lb-endpt']));
    if (pod === undefined) response.writeHead(503).end();
    else response.writeHead(200, { 'x-served-by': pod }).end('{}');
  });
  await new Promise<void>((listening) => gateway.listen(0, '127.0.0.1', listening));
  ({ port } = gateway.address() as AddressInfo);
  server = await startApiServer();
  program('kubectl', `exec '${await buildGoTool('hyper')}' kubectl "$@"`);
  await server.kubectl(['apply', '-f', '-'], objects());
});

afterAll(async () => {
  gateway.closeAllConnections();
  gateway.close();
  rmSync(folder, { recursive: true });
  await server[Symbol.asyncDispose]();
});

describe('the address of the gateway', () => {
  test('is not known while the Service has none and there is no node, and the script says what to do', async () => {
    await setAddress(undefined);
    const { code, printed } = await script('address');
    expect(code).toBe(1);
    expect(printed).toContain('the Service hotel-reservation/hotel-gateway has no address yet');
  });

  test("is a node's, with the port that the Service has there", async () => {
    await server.kubectl(['apply', '-f', '-'], 'apiVersion: v1\nkind: Node\nmetadata: { name: node-1 }\n');
    const status = { status: { addresses: [{ type: 'InternalIP', address: '10.0.0.7' }] } };
    await server.kubectl(['patch', 'node/node-1', '--subresource=status', '-p', JSON.stringify(status)]);
    expect(await script('address')).toEqual({ code: 0, printed: '10.0.0.7:30080\n' });
  });

  test("is the load balancer's, where the Service has one", async () => {
    await setAddress('127.0.0.1');
    expect(await script('address')).toEqual({ code: 0, printed: `127.0.0.1:${port}\n` });
  });
});

describe('requests for each replica', () => {
  const line = (pod: string, good: number) =>
    `${pod}: ${good} of 10 answered by itself, ${10 - good} failed or answered by another\n`;

  test('are counted, and the script succeeds when each replica answers its own', async () => {
    choose = (wish) => wish;
    expect(await script('pin')).toEqual({ code: 0, printed: REPLICAS.map((pod) => line(pod, 10)).join('') });
  });

  test('make the script fail when one of them is answered by another replica, or fails', async () => {
    let turn = 0;
    choose = (wish) => {
      if (wish === 'frontend-1') return 'frontend-0';
      return wish === 'frontend-2' && turn++ % 2 === 0 ? undefined : wish;
    };
    const printed = [line('frontend-0', 10), line('frontend-1', 0), line('frontend-2', 5)].join('');
    expect(await script('pin')).toEqual({ code: 1, printed });
  });
});

describe('the load', () => {
  /** Prints its arguments, one a line; its help has the option by which wrk2 is known. */
  const stub = (help: string) =>
    program('wrk', `if [ "$1" = --help ]; then echo '${help}' >&2; exit 1; fi; printf '%s\\n' "$@"`);
  const url = () => `http://127.0.0.1:${port}`;

  test('is what users of wrk2 type', async () => {
    stub('-R, --rate <T> work rate (throughput)');
    const usual = ['-D', 'exp', '-t', '2', '-c', '2', '-d', '15', '-L', '-s', LUA];
    expect((await script('load')).printed).toBe([...usual, url(), '-R', '2', ''].join('\n'));
    const pinned = [...usual, '--header', 'x-lb-endpt: frontend-1', url(), '-R', '2', ''];
    expect((await script('load', 'frontend-1')).printed).toBe(pinned.join('\n'));
  });

  test("is without a rate by Debian's wrk", async () => {
    stub('-c, --connections <N> Connections to keep open');
    const usual = ['-t', '2', '-c', '2', '-d', '15', '--timeout', '10', '--latency', '-s', LUA];
    expect((await script('load')).printed).toBe([...usual, url(), ''].join('\n'));
  });
});
