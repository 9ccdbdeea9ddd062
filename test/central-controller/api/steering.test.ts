import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import type { Simulation } from '../../../contract/simulation.ts';
import { createLoop, runTraffic, serviceTopology, type TestLoop, topologyOf } from '../fixtures.ts';

const GEO = '/api/v1/services/hotel/geo';

let test: TestLoop;
let app: FastifyInstance;

beforeEach(async () => {
  test = createLoop(topologyOf(serviceTopology(), serviceTopology({ name: 'rate' })));
  app = await createServer(test.loop);
  test.loop.start();
  runTraffic(test, 5);
});

afterEach(() => app.close());

async function ask(method: InjectOptions['method'] & string, url: string, payload?: object) {
  const response = await app.inject({ method, url, ...(payload && { payload }) });
  const body: unknown = response.body === '' ? undefined : response.json();
  return { status: response.statusCode, body };
}

const paused = () => test.loop.state.decision?.services.map((service) => service.paused?.reason);

describe('a pause', () => {
  it('of one service is seen in its decision and its replicas, until it is resumed', async () => {
    const put = await ask('PUT', `${GEO}/pause`, { reason: 'a look', ttlSeconds: 60 });
    const now = test.clock.now();
    const view = { service: 'hotel/geo', since: now, expiresAt: now + 60_000, reason: 'a look' };
    expect(put).toEqual({ status: 200, body: view });
    expect(await ask('GET', '/api/v1/pauses')).toEqual({ status: 200, body: { pauses: [view] } });
    test.clock.advance(20);
    expect(paused()).toEqual(['a look', undefined]);
    const metrics = (await app.inject({ url: '/metrics' })).body;
    expect(metrics).toContain('ballast_service_paused{namespace="hotel",service="geo"} 1\n');
    expect(metrics).toContain('ballast_service_paused{namespace="hotel",service="rate"} 0\n');
    expect(await ask('GET', `${GEO}/replicas/geo-0/explanation`)).toMatchObject({
      body: {
        service: { paused: { reason: 'a look' } },
        replica: { limits: ['paused'] },
        reasons: expect.arrayContaining(['Balancing is paused: it keeps its weight.']) as string[],
      },
    });
    expect(await ask('DELETE', `${GEO}/pause`)).toEqual({ status: 204, body: undefined });
    test.clock.advance(20);
    expect(paused()).toEqual([undefined, undefined]);
  });

  it('of all services holds each; one service cannot be taken out of it', async () => {
    expect(await ask('PUT', '/api/v1/pause', { reason: 'sale' })).toMatchObject({ status: 200 });
    test.clock.advance(20);
    expect(paused()).toEqual(['sale', 'sale']);
    const refused = { status: 404, body: { code: 'NOT_PAUSED' } };
    expect(await ask('DELETE', `${GEO}/pause`)).toMatchObject(refused);
    expect(await ask('DELETE', '/api/v1/pause')).toMatchObject({ status: 204 });
    expect(await ask('DELETE', '/api/v1/pause')).toMatchObject(refused);
  });

  it('that names no end ends after an hour', async () => {
    for (const url of [`${GEO}/pause`, '/api/v1/pause']) {
      const { status, body } = await ask('PUT', url, {});
      expect(status).toBe(200);
      expect(body).toMatchObject({ expiresAt: test.clock.now() + 3_600_000 });
    }
    expect(test.loop.pauses.list(test.clock.now() + 3_599_999)).toHaveLength(2);
    expect(test.loop.pauses.list(test.clock.now() + 3_600_000)).toEqual([]);
  });

  it('needs a service that there is, weights, and a time that can be', async () => {
    expect(await ask('PUT', '/api/v1/services/hotel/nobody/pause', {})).toMatchObject({ body: { status: 404 } });
    for (const body of [{ ttlSeconds: 0 }, { ttlSeconds: 86_401 }, { reason: '' }, { until: 1 }]) {
      expect(await ask('PUT', `${GEO}/pause`, body)).toMatchObject({ body: { code: 'INVALID_REQUEST' } });
    }
    const fresh = await createServer(createLoop().loop);
    const early = await fresh.inject({ method: 'PUT', url: '/api/v1/pause', payload: {} });
    expect(early.json()).toMatchObject({ status: 503, code: 'NOT_READY' });
    await fresh.close();
  });
});

describe('what if', () => {
  it('is answered from what is known now, and changes nothing', async () => {
    const { decision } = test.loop.state;
    const changes = [{ kind: 'scaleDemand', factor: 2 }];
    const { status, body } = await ask('POST', '/api/v1/simulate', { changes });
    const simulation = body as Simulation;
    expect(status).toBe(200);
    expect(simulation.tick).toBe(decision?.tick);
    const geo = simulation.services[0];
    expect(geo?.requestsPerSecond.after).toBeCloseTo(2 * (geo?.requestsPerSecond.before ?? NaN), 6);
    expect(test.loop.state.decision).toBe(decision);
  });

  it.each([
    [{ changes: [] }, 'changes: '],
    [{ changes: [{ kind: 'scaleDemand', factor: -1 }] }, 'changes[0]'],
    [{ changes: [{ kind: 'explode' }] }, 'changes[0]'],
    [{ changes: [{ kind: 'drainNode', node: 'node-1', to: 'node-2' }] }, 'changes[0]'],
    [{}, 'body: '],
  ])('refuses %j', async (payload, field) => {
    const detail = expect.stringContaining(field) as string;
    expect(await ask('POST', '/api/v1/simulate', payload)).toMatchObject({
      status: 400,
      body: { code: 'INVALID_REQUEST', detail },
    });
  });

  it('names what is not known', async () => {
    const changes = [{ kind: 'drainNode', node: 'node-9' }];
    expect(await ask('POST', '/api/v1/simulate', { changes })).toMatchObject({ body: { code: 'UNKNOWN_NODE' } });
    const fresh = await createServer(createLoop().loop);
    const early = await fresh.inject({ method: 'POST', url: '/api/v1/simulate', payload: { changes } });
    expect(early.json()).toMatchObject({ status: 503, code: 'NOT_READY' });
    await fresh.close();
  });
});
