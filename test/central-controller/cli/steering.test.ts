import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decisionAnswer } from '../../../central-controller/api/old-names.ts';
import { createServer } from '../../../central-controller/api/server.ts';
import { topLines } from '../../../central-controller/cli/top.ts';
import type { Simulation } from '../../../contract/simulation.ts';
import { createLoop, runTraffic, serviceTopology, type TestLoop, topologyOf } from '../fixtures.ts';
import { ballastCall } from './ballast-call.ts';

let test: TestLoop;
let app: FastifyInstance;
let address: string;

beforeEach(async () => {
  test = createLoop(topologyOf(serviceTopology(), serviceTopology({ name: 'rate' })));
  app = await createServer(test.loop);
  test.loop.start();
  runTraffic(test, 5);
  address = await app.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(() => app.close());

async function ask(...args: string[]): Promise<string> {
  return ballastCall(...args, '--controller', address);
}

async function askJson(...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await ask(...args, '--json')) as Record<string, unknown>;
}

const weightOf = (replica: string) =>
  test.loop.state.decision?.services[0]?.replicas.find(({ name }) => name === replica)?.weight;

describe('ballast status', () => {
  it('shows the leader, nodes, services and problems', async () => {
    const seen = await ask('status');
    expect(seen).toMatch(/^Controller: this one leads\n/);
    expect(seen).toMatch(/node-1 +│ 1\.00 +│ 50/);
    expect(seen).toMatch(/hotel\/geo +│ balanced/);
    expect(seen).toMatch(/No problems\.$/);
    test.clock.advance(5_000);
    await ballastCall('pause', '--all', '--reason', 'sale', '--controller', address);
    test.clock.advance(250);
    const later = await ask('status');
    expect(later).toContain('node node-1: its agent sends no reports');
    expect(later).toContain('paused: sale');
    expect(await askJson('status')).toMatchObject({
      leader: 'this one',
      problems: [{}, {}].map(() => expect.any(String) as string),
    });
  });
});

it('the reason of a pause reaches the terminal without its control characters', async () => {
  const reason = 'a\u001B[2J\u009Blook';
  await ask('pause', 'geo', '--reason', reason);
  test.clock.advance(20);
  expect(await ask('status')).toContain('paused: a\uFFFD[2J\uFFFDlook');
  expect(await ask('explain', 'geo')).toContain('a\uFFFD[2J\uFFFDlook');
  expect(await askJson('status')).toMatchObject({ services: [{ paused: { reason } }, {}] });
});

describe('ballast weights', () => {
  it('shows weights, sets one by hand and clears it', async () => {
    expect(await ask('weights', 'get', 'geo')).toMatch(/geo-0 +│ 50/);
    expect(await ask('weights', 'set', 'geo', 'geo-0', '80%', '--ttl', '2m')).toMatch(/^geo-0: 80.%, by hand until/);
    test.clock.advance(20);
    expect(weightOf('geo-0')).toBe(0.8);
    expect(await askJson('weights', 'get', 'hotel/geo')).toMatchObject({
      weights: { 'geo-0': 0.8 },
      manual: [{ replica: 'geo-0', expiresAt: test.clock.now() - 20 + 120_000 }],
    });
    expect(await ask('weights', 'clear', 'geo', 'geo-0')).toBe('geo-0: Ballast decides the weight again');
    await expect(ask('weights', 'clear', 'geo', 'geo-0')).rejects.toMatchObject({ code: 'UNKNOWN_REPLICA' });
    await expect(ask('weights', 'get', 'geo-0')).rejects.toMatchObject({ code: 'UNKNOWN_SERVICE' });
  });
});

describe('ballast pause and resume', () => {
  it('pauses and resumes one service or all', async () => {
    expect(await ask('pause', 'geo', '--reason', 'a look')).toMatch(
      /^hotel\/geo: weights stay as they are until \d\d:\d\d:\d\d UTC$/,
    );
    test.clock.advance(20);
    expect(test.loop.state.decision?.services.map(({ paused }) => paused?.reason)).toEqual(['a look', undefined]);
    expect(await ask('explain', 'geo')).toMatch(/Balancing is paused until \S+Z: a look\./);
    expect(await ask('resume', 'hotel/geo')).toBe('hotel/geo: balanced again');
    expect(await askJson('pause', '--all', '--ttl', '1h')).toMatchObject({ expiresAt: test.clock.now() + 3_600_000 });
    expect(await ask('resume', '--all')).toBe('all services: balanced again');
    await expect(ask('resume', '--all')).rejects.toMatchObject({ code: 'NOT_PAUSED' });
    await expect(ask('pause')).rejects.toMatchObject({ code: 'INVALID_FLAG' });
    await expect(ask('pause', 'geo', '--all')).rejects.toMatchObject({ code: 'INVALID_FLAG' });
  });
});

describe('ballast simulate', () => {
  it('applies changes in the order of the command line', async () => {
    const args = [
      '--move',
      'hotel/geo/geo-0=node-2',
      '--drain',
      'node-1',
      '--demand',
      'hotel/geo=2',
      '--demand',
      '1.5',
    ];
    const simulation = (await askJson('simulate', ...args)) as unknown as Simulation;
    expect(simulation.services[0]?.replicas).toMatchObject([
      { name: 'geo-0', node: 'node-2', weight: { after: expect.closeTo(0.5, 2) as number } },
      { name: 'geo-1' },
    ]);
    const { before = NaN, after = NaN } = simulation.services[0]?.requestsPerSecond ?? {};
    expect(after / before).toBeCloseTo(3, 6);
    expect(await ask('simulate', '--drain', 'node-1')).toMatch(/geo-1 +│ node-2 +│ 50.% → 100.%/);
    await expect(ask('simulate')).rejects.toMatchObject({ code: 'INVALID_FLAG' });
    await expect(ask('simulate', '--drain', 'node-9')).rejects.toMatchObject({ code: 'UNKNOWN_NODE' });
  });
});

describe('ballast top', () => {
  it('shows as many nodes and replicas as fit on the screen', async () => {
    const seen = await ask('top', '--once');
    expect(seen).toMatch(/node-1 █+▒*·+ 0\.50 of 1\.00 cores/);
    expect(seen).toMatch(/ {2}geo-0 +50.% █{15}·{15}/);
    const decision = test.loop.state.decision ?? expect.fail();
    expect(topLines(decision, 5)).toHaveLength(5);
    expect(topLines(decision, 5).at(-1)).toContain('more lines');
    const inventory = {
      cpuModel: 'AMD EPYC 9654',
      cpuGHz: 2.4,
      cores: 8,
      threads: 8,
      virtual: false,
      memoryBytes: 2 ** 35,
      kernel: '6.12.1',
      cgroupVersion: 'v2',
    } as const;
    expect(topLines(decision, 9, new Map([['node-1', inventory]])).join('\n')).toMatch(/node-1 .*AMD EPYC 9654, 2\.4/);
    expect(JSON.parse(await ask('top', '--once', '--json'))).toEqual(decisionAnswer(decision));
  });
});

describe('through the API server', () => {
  const PROXY = '/api/v1/namespaces/ballast-system/services/ballast-controller:http/proxy';
  const directory = mkdtempSync(join(tmpdir(), 'ballast-cli-'));
  const kubeconfig = join(directory, 'config');
  let server: Server;

  /** Forwards to the controller, like the API server's proxy of a Service. */
  beforeAll(async () => {
    server = createHttpServer((request, response) => {
      void (async () => {
        const { url = '', method = 'GET', headers } = request;
        const payload = await text(request);
        const type = headers['content-type'];
        if (!url.startsWith(PROXY)) {
          response.writeHead(403).end(JSON.stringify({ kind: 'Status', reason: 'Forbidden', message: 'not allowed' }));
          return;
        }
        const answer = await app.inject({
          method: method as InjectOptions['method'] & string,
          url: url.slice(PROXY.length),
          ...(type !== undefined && { payload, headers: { 'content-type': type } }),
        });
        response.writeHead(answer.statusCode).end(answer.body);
      })();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const context = (name: string, cluster: string) => ({ name, context: { cluster, user: 'me' } });
    const cluster = (name: string, to: number) => ({ name, cluster: { server: `http://127.0.0.1:${to}` } });
    const config = {
      'current-context': 'here',
      contexts: [context('here', 'here'), context('nowhere', 'nowhere')],
      clusters: [cluster('here', port), cluster('nowhere', 1)],
      users: [{ name: 'me', user: {} }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
  });

  afterAll(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('commands read and change the controller of a cluster, and report its errors', async () => {
    const via = ['--kubeconfig', kubeconfig];
    expect(await ballastCall('status', ...via)).toMatch(/^Controller: this one leads/);
    expect(await ballastCall('pause', 'geo', ...via)).toContain('hotel/geo: weights stay');
    expect(await ballastCall('resume', 'geo', ...via)).toContain('balanced again');
    await expect(ballastCall('resume', 'geo', ...via)).rejects.toMatchObject({ code: 'NOT_PAUSED' });
    await expect(ballastCall('explain', 'geo', '--tick', '99999', ...via)).rejects.toMatchObject({
      code: 'UNKNOWN_DECISION',
    });
    await expect(ballastCall('status', ...via, '--context', 'nowhere')).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
    });
    await expect(ballastCall('doctor', ...via)).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
    await expect(ballastCall('status', ...via, '--context', 'none')).rejects.toMatchObject({ code: 'INVALID_FLAG' });
  });
});
