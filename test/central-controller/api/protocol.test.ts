import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import type { ReplicaDecision } from '../../../contract/decision.ts';
import { createLoop, runTraffic, serviceTopology, type TestLoop, topologyOf } from '../fixtures.ts';
import { SOON } from '../../support/soon.ts';

let test: TestLoop;
let app: FastifyInstance;

beforeEach(async () => {
  test = createLoop(topologyOf(serviceTopology(), serviceTopology({ name: 'rate' })));
  app = await createServer(test.loop);
  test.loop.start();
  runTraffic(test, 5);
});

afterEach(() => app.close());

describe('what was asked wrongly', () => {
  const GEO = '/api/v1/services/hotel/geo';
  const json = { 'content-type': 'application/json' };
  it.each([
    ['GET', '/api/v1/nothing', {}, '', 404, 'UNKNOWN_PATH'],
    ['GET', '/api/v1/services/a/b/c/d', {}, '', 404, 'UNKNOWN_PATH'],
    ['DELETE', '/api/v1/services', {}, '', 405, 'METHOD_NOT_ALLOWED'],
    ['OPTIONS', `${GEO}/weights`, {}, '', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', `${GEO}/pause?now`, json, '{}', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/api/v1/services', { 'content-type': 'text/csv' }, 'a', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', '/api/v1/services', json, '{', 405, 'METHOD_NOT_ALLOWED'],
    ['PUT', `${GEO}/pause`, json, '{', 400, 'INVALID_REQUEST'],
    ['PUT', `${GEO}/pause`, json, '', 400, 'INVALID_REQUEST'],
    ['PUT', `${GEO}/pause`, json, `"${'x'.repeat(20_000)}"`, 413, 'BODY_TOO_LARGE'],
    ['PUT', `${GEO}/pause`, { 'content-type': 'text/csv' }, 'a', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['POST', '/agent/v1/reports', { 'content-type': 'text/csv' }, 'a', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['GET', '/api/v1/decisions/%zz', {}, '', 400, 'INVALID_REQUEST'],
    ['GET', `/api/v1/policies/a/${'n'.repeat(254)}`, {}, '', 404, 'UNKNOWN_PATH'],
    ['GET', `/api/v1/policies/a/${'n'.repeat(253)}`, {}, '', 404, 'UNKNOWN_POLICY'],
    ['GET', '/api/v1/replicas?limit=0', {}, '', 400, 'INVALID_REQUEST'],
    ['GET', '/api/v1/replicas?limit=true', {}, '', 400, 'INVALID_REQUEST'],
    ['GET', '/api/v1/replicas?limit=1.0', {}, '', 400, 'INVALID_REQUEST'],
    ['GET', '/api/v1/replicas?limit=', {}, '', 400, 'INVALID_REQUEST'],
    ['GET', '/api/v1/decisions/true', {}, '', 400, 'INVALID_REQUEST'],
    ['GET', '/api/v1/decisions/576460752303423488', {}, '', 404, 'UNKNOWN_DECISION'],
    ['GET', '/api/v1/replicas?continue=x', {}, '', 400, 'INVALID_REQUEST'],
  ] as const)('%s %s is answered by a problem document', async (method, url, headers, payload, status, code) => {
    const response = await app.inject({ method, url, headers, ...(payload !== '' && { payload }) });
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.json()).toEqual({
      type: `urn:ballast:problem:${code}`,
      title: code.toLowerCase().replaceAll('_', ' '),
      status,
      code,
      detail: expect.stringMatching(/^\S+: ./) as string,
      remedy: expect.any(String) as string,
    });
    expect(response.statusCode).toBe(status);
    if (status === 405) expect(response.headers.allow).toContain(url.includes('pause') ? 'PUT' : 'GET');
  });
});

describe('what has not changed', () => {
  it('is not sent again', async () => {
    for (const url of ['/api/v1/services', '/api/v1/services/hotel/geo/weights', '/api/v1/policies']) {
      const first = await app.inject({ url });
      const etag = String(first.headers.etag);
      expect(etag).toMatch(/^"[\w-]{27}"$/);
      for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await app.inject({ url, headers: { 'if-none-match': tag } });
        expect({ status: again.statusCode, body: again.body, etag: again.headers.etag }).toEqual({
          status: 304,
          body: '',
          etag,
        });
      }
    }
  });

  it('is told apart from what has', async () => {
    const url = '/api/v1/services';
    const { headers } = await app.inject({ url });
    test.clock.advance(250);
    test.loop.manual.set(
      { namespace: 'hotel', service: 'geo', replica: 'geo-0', weight: 0.9, expiresAt: Infinity },
      test.clock.now(),
    );
    test.clock.advance(250);
    const after = await app.inject({ url, headers: { 'if-none-match': String(headers.etag) } });
    expect(after.statusCode).toBe(200);
  });

  it('has no tag where it is a problem or was written', async () => {
    expect((await app.inject({ url: '/api/v1/services/hotel/none' })).headers.etag).toBeUndefined();
    const put = { method: 'PUT', url: '/api/v1/pause', payload: {}, headers: { 'if-none-match': '*' } } as const;
    expect(await app.inject(put)).toSatisfy(
      ({ statusCode, headers }: { statusCode: number; headers: object }) => statusCode === 200 && !('etag' in headers),
    );
  });
});

describe('lists that grow', () => {
  async function pages<Entry>(path: string, list: string): Promise<Entry[]> {
    const seen: Entry[] = [];
    let next: string | undefined;
    do {
      const query = next === undefined ? '' : `&continue=${next}`;
      const body = (await app.inject({ url: `${path}?limit=3${query}` })).json<Record<string, unknown>>();
      seen.push(...(body[list] as Entry[]));
      next = body['continue'] as string | undefined;
    } while (next !== undefined);
    return seen;
  }

  it('come page by page', async () => {
    const { decision, history } = test.loop.state;
    const replicas = await pages<ReplicaDecision>('/api/v1/replicas', 'replicas');
    expect(replicas.map(({ name }) => name)).toEqual(
      decision?.services.flatMap((service) => service.replicas.map(({ name }) => name)),
    );
    const named = async (text: string) =>
      (await app.inject({ url: `/api/v1/replicas?find=${text}` }))
        .json<{ replicas: ReplicaDecision[] }>()
        .replicas.map(({ name }) => name);
    expect(await named('GEO-1')).toEqual(['geo-1']);
    expect(await named('node-1')).toEqual(['geo-0', 'rate-0']);
    expect(await named('nothing')).toEqual([]);
    const decisions = await pages<{ tick: number }>('/api/v1/decisions', 'decisions');
    expect(decisions.map(({ tick }) => tick)).toEqual(history.decisions.map(({ tick }) => tick).toReversed());
  });
});

describe('the stream of decisions', () => {
  it('has the same for a hundred listeners at once', async () => {
    const origin = await app.listen({ host: '127.0.0.1', port: 0 }).then(() => {
      return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    });
    const heard: string[] = [];
    const listeners = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const { body } = await request(`${origin}/api/v1/stream`);
        heard[index] = '';
        body.setEncoding('utf8').on('data', (text: string) => (heard[index] += text));
        body.on('error', () => undefined);
        return body;
      }),
    );
    test.clock.advance(250);
    const { tick } = test.loop.state.decision ?? expect.fail();
    await vi.waitFor(() => {
      for (const text of heard) expect(text).toContain(`id: ${tick}\n`);
    }, SOON);
    expect(new Set(heard).size).toBe(1);
    for (const body of listeners) body.destroy();
  });
});
