import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decisionAnswer } from '../../../central-controller/api/old-names.ts';
import { createServer } from '../../../central-controller/api/server.ts';
import type { Explanation } from '../../../contract/explanation.ts';
import { createLoop, runTraffic, type TestLoop } from '../fixtures.ts';
import { packed } from '../history/packed.ts';

const EXPLANATION = '/api/v1/services/hotel/geo/replicas/geo-0/explanation';

let test: TestLoop;
let app: FastifyInstance;

beforeEach(async () => {
  test = createLoop();
  app = await createServer(test.loop);
});

afterEach(() => app.close());

async function get<T>(url: string): Promise<{ status: number; body: T }> {
  const response = await app.inject({ url });
  return { status: response.statusCode, body: response.json<T>() };
}

describe('recent decisions', () => {
  it('are listed newest first, page by page', async () => {
    test.loop.start();
    runTraffic(test, 3);
    type List = { decisions: { tick: number }[]; continue: string };
    const first = await get<List>('/api/v1/decisions?limit=4');
    expect(first.body.decisions.map(({ tick }) => tick)).toEqual([12, 11, 10, 9]);
    const second = await get<List>(`/api/v1/decisions?limit=2&continue=${first.body.continue}`);
    expect(second.body.decisions.map(({ tick }) => tick)).toEqual([8, 7]);
  });

  it('can each be read whole', async () => {
    test.loop.start();
    const first = test.loop.state.decision ?? expect.fail();
    runTraffic(test, 3);
    const latest = test.loop.state.decision ?? expect.fail();
    expect(await get('/api/v1/decisions/0')).toEqual({ status: 200, body: decisionAnswer(packed(first)) });
    expect((await get('/api/v1/decisions/latest')).body).toEqual(decisionAnswer(latest));
    expect(await get('/api/v1/decisions/1000')).toMatchObject({ status: 404, body: { code: 'UNKNOWN_DECISION' } });
    expect(await get('/api/v1/decisions/first')).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });

  it('have renamed fields under the old names, too', async () => {
    test.loop.start();
    runTraffic(test, 3);
    const { optimalityGap, services } = test.loop.state.decision ?? expect.fail();
    const replicas = services[0]?.replicas.map(({ nonCpuSeconds }) => ({ hiddenSeconds: nonCpuSeconds }));
    const old = { certificate: optimalityGap, services: [{ replicas }] };
    expect((await get('/api/v1/decisions/latest')).body).toMatchObject(old);
  });

  it('are none before the first', async () => {
    expect(await get('/api/v1/decisions')).toEqual({ status: 200, body: { decisions: [] } });
    expect(await get(EXPLANATION)).toMatchObject({ status: 503, body: { code: 'NOT_READY' } });
  });
});

describe('the explanation of a replica', () => {
  it('holds the inputs, what bounded the weight, and the same in words', async () => {
    test.loop.start();
    runTraffic(test, 5);
    const { body } = await get<Explanation>(EXPLANATION);
    const latest = test.loop.state.decision;
    expect(body).toMatchObject({ tick: latest?.tick, replica: latest?.services[0]?.replicas[0] });
    expect(body.node).toEqual(latest?.nodes[0]);
    expect(body.service).toMatchObject({ namespace: 'hotel', name: 'geo', mode: 'Enforce' });
    expect(body.reasons[0]).toMatch(/: its weight follows from them\.$/);
  });

  it('can be had of an earlier tick', async () => {
    test.loop.start();
    runTraffic(test, 5);
    const { body } = await get<Explanation>(`${EXPLANATION}?tick=0`);
    expect(body.tick).toBe(0);
    expect(body.replica.state).toBe('Learning');
  });

  it.each([
    [EXPLANATION.replace('geo-0', 'geo-7'), 404, 'UNKNOWN_REPLICA'],
    [EXPLANATION.replace('/geo/', '/rate/'), 404, 'UNKNOWN_SERVICE'],
    [`${EXPLANATION}?tick=999`, 404, 'UNKNOWN_DECISION'],
    [`${EXPLANATION}?tick=now`, 400, 'INVALID_REQUEST'],
  ])('%s is refused with %i %s', async (url, status, code) => {
    test.loop.start();
    expect(await get(url)).toMatchObject({ status, body: { code } });
  });
});
