import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import type { Decision } from '../../../contract/decision.ts';
import { createLoop, nodeReport, proxy, report, runTraffic, served, type TestLoop } from '../fixtures.ts';

const GEO = '/api/v1/services/hotel/geo';

let test: TestLoop;
let app: FastifyInstance;

beforeEach(async () => {
  test = createLoop();
  app = await createServer(test.loop);
  test.loop.start();
});

afterEach(() => app.close());

async function get(url: string) {
  const response = await app.inject({ url });
  return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
}

async function metric(line: string): Promise<number | undefined> {
  const { body } = await app.inject({ url: '/metrics' });
  const found = body.split('\n').find((candidate) => candidate.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length));
}

describe('reports', () => {
  it('are taken in and counted', async () => {
    const response = await app.inject({ method: 'POST', url: '/agent/v1/reports', payload: report('node-1', 1) });
    expect(response.statusCode).toBe(204);
    expect(response.body).toBe('');
    expect(await metric('ballast_reports_accepted_total')).toBe(1);
  });

  it.each([
    ['a negative counter', { cpu: { cores: 1, busySeconds: -1, stealSeconds: 0 } }, 'cpu.busySeconds: must be >= 0'],
    ['an unknown field', { speed: 1 }, 'speed: is not a known field'],
    [
      'too few latency buckets',
      { proxies: [proxy('geo-0', 1, { served: served(1, { latencyBuckets: [1] }) })] },
      'proxies[0].served.latencyBuckets: ',
    ],
    ['text for a number', { sequence: '1' }, 'sequence: must be integer'],
  ])('with %s are refused as malformed', async (_case, fields, detail) => {
    const payload = { ...report('node-1', 1), ...fields };
    const response = await app.inject({ method: 'POST', url: '/agent/v1/reports', payload });
    expect(response.statusCode).toBe(400);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({
      code: 'MALFORMED_REPORT',
      status: 400,
      detail: expect.stringContaining(detail) as string,
      remedy: expect.stringContaining('version') as string,
    });
    expect(await metric('ballast_reports_refused_total{reason="MALFORMED_REPORT"}')).toBe(1);
    expect(await metric('ballast_reports_accepted_total')).toBe(0);
  });

  it.each(['', '{', '[]', 'null', '{"node":1e999}', '{"cpu":{"cores":1,"busySeconds":1e999}}'])(
    'with the body %j are refused and nothing breaks',
    async (payload) => {
      const headers = { 'content-type': 'application/json' };
      const response = await app.inject({ method: 'POST', url: '/agent/v1/reports', payload, headers });
      expect(response.statusCode).toBe(400);
      expect(response.json()).toMatchObject({ code: 'MALFORMED_REPORT' });
    },
  );

  it('that come twice or from nowhere are refused by reason', async () => {
    const post = (payload: object) => app.inject({ method: 'POST', url: '/agent/v1/reports', payload });
    await post(report('node-1', 1));
    expect((await post(report('node-1', 1))).json()).toMatchObject({ code: 'STALE_REPORT', status: 409 });
    expect((await post(report('node-7', 1))).json()).toMatchObject({ code: 'UNKNOWN_NODE', status: 404 });
    expect(await metric('ballast_reports_refused_total{reason="STALE_REPORT"}')).toBe(1);
    expect(await metric('ballast_reports_refused_total{reason="UNKNOWN_NODE"}')).toBe(1);
  });
});

describe('people', () => {
  it('read services, replicas, nodes and the latest decision, which are one and the same', async () => {
    runTraffic(test, 5);
    const { body: decision } = await get('/api/v1/decisions/latest');
    const { services, nodes } = decision as Decision;
    expect((await get('/api/v1/services')).body).toEqual({ services });
    expect((await get(GEO)).body).toEqual(services[0]);
    const replicas = services[0]?.replicas.map((replica) => ({ namespace: 'hotel', service: 'geo', ...replica }));
    expect((await get('/api/v1/replicas')).body).toEqual({ replicas });
    expect((await get('/api/v1/nodes')).body).toEqual({
      nodes: nodes.map((node) => ({ ...node, reportAgeMs: 250, agentConnected: false })),
    });
    const weight = services[0]?.replicas[0]?.weight ?? NaN;
    expect(await metric('ballast_replica_weight_ratio{namespace="hotel",service="geo",replica="geo-0"}')).toBe(weight);
    expect(await metric('ballast_node_utilisation_ratio{node="node-1"}')).toBeCloseTo(0.5, 1);
    expect(await metric('ballast_decision_duration_seconds_count')).toBeGreaterThan(10);
  });

  it('set a weight by hand, which the others make room for, until it is withdrawn or expires', async () => {
    const url = `${GEO}/weights/geo-0`;
    const put = await app.inject({ method: 'PUT', url, payload: { weight: 0.8, ttlSeconds: 60 } });
    expect(put.json()).toMatchObject({ replica: 'geo-0', weight: 0.8, expiresAt: test.clock.now() + 60_000 });
    test.clock.advance(20);
    expect((await get(`${GEO}/weights`)).body).toMatchObject({
      weights: { 'geo-0': 0.8, 'geo-1': expect.closeTo(0.2, 9) as number },
      manual: [{ replica: 'geo-0' }],
    });
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(204);
    expect((await app.inject({ method: 'DELETE', url })).json()).toMatchObject({ code: 'UNKNOWN_REPLICA' });
    await app.inject({ method: 'PUT', url, payload: { weight: 0.8, ttlSeconds: 1 } });
    test.clock.advance(1_000);
    expect((await get(`${GEO}/weights`)).body).toMatchObject({ manual: [] });
  });

  it.each([
    [{ weight: 1.1, ttlSeconds: 10 }, 'weight: must be <= 1'],
    [{ weight: 0.5, ttlSeconds: 0 }, 'ttlSeconds: must be >= 1'],
    [{ weight: 0.5, ttlSeconds: 3601 }, 'ttlSeconds: must be <= 3600'],
    [{ weight: 0.5 }, 'body: must have required properties ttlSeconds'],
    [{ weight: 0.5, ttlSeconds: 10, force: true }, 'force: is not a known field'],
  ])('are told what is wrong with %j', async (payload, detail) => {
    const response = await app.inject({ method: 'PUT', url: `${GEO}/weights/geo-0`, payload });
    expect(response.json()).toMatchObject({ status: 400, code: 'INVALID_REQUEST', detail });
    expect((await get(`${GEO}/weights`)).body).toMatchObject({ manual: [] });
  });

  it('are told of what does not exist', async () => {
    expect((await get('/api/v1/services/hotel/nobody')).body).toMatchObject({ code: 'UNKNOWN_SERVICE', status: 404 });
    expect((await get('/api/v1/services/hotel/nobody/weights')).body).toMatchObject({ code: 'UNKNOWN_SERVICE' });
    expect((await get('/api/v1/none')).body).toMatchObject({ code: 'UNKNOWN_PATH', status: 404 });
    expect((await get('/agent/v1/assignments?node=node-7')).body).toMatchObject({ code: 'UNKNOWN_NODE' });
    expect((await get('/agent/v1/assignments')).body).toMatchObject({ code: 'INVALID_REQUEST' });
    const payload = { weight: 0.5, ttlSeconds: 10 };
    const put = await app.inject({ method: 'PUT', url: `${GEO}/weights/geo-9`, payload });
    expect(put.json()).toMatchObject({ code: 'UNKNOWN_REPLICA', detail: 'replica: hotel/geo has no replica geo-9' });
  });

  it('see which proxy uses which version, and when versions were decided', async () => {
    runTraffic(test, 5);
    const { version, history } = test.loop.state.published;
    test.loop.accept(nodeReport('node-1', 21, { proxies: [['hotel/geo-0', 2, 1, 4]], used: version }));
    test.clock.advance(100);
    const { body } = await get('/api/v1/proxies?node=node-1');
    expect(body).toMatchObject({ version, at: test.clock.now() });
    expect(body['proxies']).toContainEqual({
      node: 'node-1',
      namespace: 'hotel',
      pod: 'geo-0',
      vms: 2,
      tableVersion: version,
      tableSince: test.clock.now() - 100,
      tableAgeMs: test.clock.now() - (history.at(-1)?.decidedAt ?? NaN),
      heardAgeMs: 100,
      fallbacks: 4,
    });
    expect((await get('/api/v1/versions')).body).toEqual({ versions: history });
    expect(await metric('ballast_assignments_version')).toBe(version);
  });

  it('are slowed down when they ask too often', async () => {
    const answers = await Promise.all(Array.from({ length: 250 }, () => get('/api/v1/services')));
    expect(answers.find(({ status }) => status !== 200)).toMatchObject({
      status: 429,
      body: { code: 'TOO_MANY_REQUESTS', remedy: expect.stringContaining('stream') as string },
    });
  });

  it('cannot send bodies without end', async () => {
    const payload = { weight: 0.5, ttlSeconds: 10, note: 'x'.repeat(20_000) };
    const response = await app.inject({ method: 'PUT', url: `${GEO}/weights/geo-0`, payload });
    expect(response.json()).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  });
});

describe('health', () => {
  it('is ready once an agent was heard', async () => {
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).body).toMatchObject({ status: 503, code: 'NOT_READY' });
    await app.inject({ method: 'POST', url: '/agent/v1/reports', payload: report('node-2', 1) });
    expect((await get('/readyz')).status).toBe(200);
  });
});

describe('the page', () => {
  it('gets its chart library from this server', async () => {
    expect((await app.inject({ url: '/vendor/uplot/uPlot.esm.js' })).statusCode).toBe(200);
  });
});
