import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import type { PinningReport } from '../../../central-controller/cli/verify/pinning-report.ts';
import { rose } from '../../../central-controller/cli/verify/pinning-report.ts';
import type { PolicySpec } from '../../../contract/policy.ts';
import { createLoop, nodeReport, serviceTopology, type TestLoop, topologyOf } from '../fixtures.ts';
import { ballast } from './ballast-process.ts';

const REPLICAS = ['geo-0', 'geo-1'];
/** CPU of one request, seconds. */
const COST = 0.01;

let test: TestLoop;
let app: FastifyInstance;
let controller: string;
let gateway: Server;
/** What the gateway does: the replica that answers a request for this one, or the status that it fails with. */
let choose: (wish: string, turn: number) => string | number;
let seenHosts: Set<string>;
let step: number;
const cpuSeconds = new Map<string, number>();

function policy(spec: Partial<PolicySpec>): void {
  const targetRef = { kind: 'StatefulSet', name: 'geo' } as const;
  const known = {
    apiVersion: 'ballast.dev/v1alpha1',
    kind: 'LoadBalancingPolicy',
    metadata: { namespace: 'hotel', name: 'geo' },
    spec: { targetRef, mode: 'Enforce', ...spec },
  } as const;
  test.cluster.known = [{ policy: known, service: 'hotel/geo', status: undefined }];
}

/** Both agents report what the replicas used. */
function report(): void {
  step += 1;
  REPLICAS.forEach((replica, index) => {
    const { full, ...head } = nodeReport(`node-${index + 1}`, step);
    test.loop.accept({
      ...head,
      pods: [[`uid-${replica}`, cpuSeconds.get(replica) ?? 0, 0, null, null, null]],
      ...(step === 1 && full && { full }),
    });
  });
  test.clock.advance(250);
}

beforeEach(async () => {
  test = createLoop(topologyOf(serviceTopology()));
  app = await createServer(test.loop);
  test.loop.start();
  step = 0;
  cpuSeconds.clear();
  seenHosts = new Set();
  for (let count = 0; count < 8; count++) report();
  controller = await app.listen({ host: '127.0.0.1', port: 0 });
  let turn = 0;
  gateway = createHttpServer((request, response) => {
    const chosen = choose(String(request.headers['x-lb-endpt']), turn++);
    seenHosts.add(String(request.headers.host));
    if (typeof chosen === 'number') return response.writeHead(chosen).end();
    cpuSeconds.set(chosen, (cpuSeconds.get(chosen) ?? 0) + COST);
    if (turn % 5 === 0) report();
    return response.writeHead(200, { 'x-served-by': chosen }).end();
  });
  await new Promise<void>((listening) => gateway.listen(0, '127.0.0.1', listening));
});

afterEach(async () => {
  gateway.closeAllConnections();
  gateway.close();
  await app.close();
});

async function verify(...flags: string[]) {
  const { port } = gateway.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}`;
  const quick = ['--requests', '40', '--rate', '400', '--settle', '1s'];
  return ballast(['verify', 'pinning', 'geo', '--controller', controller, '--address', address, ...quick, ...flags]);
}

async function verifyJson(...flags: string[]): Promise<PinningReport & { code: number }> {
  const { code, out } = await verify('--json', ...flags);
  return { ...(JSON.parse(out) as PinningReport), code };
}

describe('ballast verify pinning', () => {
  it('exits with 0 when each replica answers all that named it, and shows whose CPU rose', async () => {
    choose = (wish) => wish;
    policy({ pinning: 'Allowed' });
    const found = await verifyJson('--host', 'geo.hotel.svc.cluster.local');
    expect(found).toMatchObject({ code: 0, service: 'hotel/geo', pinning: 'Allowed', ok: true, remedies: [] });
    expect(found.replicas).toMatchObject(
      REPLICAS.map((replica) => ({
        replica,
        sent: 40,
        answered: { [replica]: 40 },
        failures: {},
        servedAll: true,
        rose: [replica],
      })),
    );
    expect([...seenHosts]).toEqual(['geo.hotel.svc.cluster.local']);
  });

  it('prints a table and the verdict', async () => {
    choose = (wish) => wish;
    policy({ pinning: 'Allowed' });
    const { code, out, err } = await verify();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/geo-1 +│ 40 +│ 40 geo-1 +│ 0 +│ geo-1: 0\.\d\d → \d\.\d\d/);
    expect(out).toMatch(/hotel\/geo: each of 2 replicas answered all requests that named it\.\n$/);
  });

  it('exits with 1 when others answer, and names the field of the policy', async () => {
    choose = (_wish, turn) => REPLICAS[turn % 2] ?? '';
    policy({ pinning: 'Denied' });
    const denied = await verifyJson();
    expect(denied).toMatchObject({ code: 1, pinning: 'Denied', ok: false });
    expect(denied.replicas[0]?.answered).toEqual({ 'geo-0': 20, 'geo-1': 20 });
    expect(denied.remedies).toEqual([expect.stringContaining('patch lbp geo') as string]);
    policy({ pinning: 'Allowed', mode: 'Observe' });
    expect((await verifyJson()).remedies).toEqual([expect.stringContaining('"mode":"Enforce"') as string]);
    policy({ pinning: 'Allowed' });
    expect((await verifyJson()).remedies).toEqual([expect.stringContaining('ballast doctor') as string]);
  });

  it('counts failures by reason, with a remedy for each', async () => {
    choose = (wish, turn) => (turn % 4 === 0 ? 404 : wish);
    policy({ pinning: 'Allowed' });
    const missing = await verifyJson();
    expect(missing).toMatchObject({ code: 1, replicas: [{ failures: { 'status 404': 10 } }, {}] });
    expect(missing.remedies).toEqual([expect.stringMatching(/^--path, --host: answers have status 404/) as string]);
    choose = (wish) => wish;
    const unnamed = await verifyJson('--replica-header', 'X-Pod');
    expect(unnamed).toMatchObject({ code: 1, replicas: [{ answered: { '': 40 } }, {}] });
    expect(unnamed.remedies).toEqual([
      expect.stringContaining('--replica-header: answers have no header x-pod') as string,
    ]);
    const nobody = await verifyJson('--address', 'http://127.0.0.1:1');
    expect(nobody).toMatchObject({ code: 1, replicas: [{ failures: { ECONNREFUSED: 40 } }, {}] });
    expect(nobody.remedies).toEqual([
      expect.stringMatching(/^--address: http:\/\/127\.0\.0\.1:1 gives no answer/) as string,
    ]);
  });

  it('asks no replica that is not ready, and says so', async () => {
    choose = (wish) => wish;
    policy({ pinning: 'Allowed' });
    const { replicas, ...service } = serviceTopology();
    test.cluster.change(
      topologyOf({ ...service, replicas: replicas.map((each, index) => ({ ...each, ready: index > 0 })) }),
    );
    report();
    const found = await verifyJson();
    expect(found).toMatchObject({ code: 0, notReady: ['geo-0'], replicas: [{ replica: 'geo-1' }] });
    expect(found.remedies).toEqual([expect.stringContaining('geo-0 is not ready') as string]);
  });

  it.each([
    [['--address', 'gateway'], 2, '--address: gateway is not an http://'],
    [['--path', 'user'], 2, 'Expected a path that begins with a slash'],
    [['--requests', '0'], 2, 'Expected a whole number from 1 to 10000'],
    [['--controller', 'http://127.0.0.1:1'], 3, 'no controller answers'],
  ])('refuses %j with code %i', async (flags, code, says) => {
    const result = await verify(...flags);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain(says);
  });
});

it('a replica counts as risen that rose by at least half of what the most did, and more than noise', () => {
  const change = (replica: string, before: number, after: number) => ({ replica, before, after });
  expect(rose([change('a', 0.1, 0.4), change('b', 0.1, 0.2), change('c', 0, 0.16)])).toEqual(['a', 'c']);
  expect(rose([change('a', 0.1, 0.101), change('b', 0.3, 0.1)])).toEqual([]);
  expect(rose([])).toEqual([]);
});
