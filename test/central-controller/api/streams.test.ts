import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decisionAnswer, withOldGap } from '../../../central-controller/api/old-names.ts';
import { createServer } from '../../../central-controller/api/server.ts';
import { overviewOf } from '../../../central-controller/wording/decision-overview.ts';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
import type { AssignmentLine } from '../../../contract/assignment-stream.ts';
import type { Decision } from '../../../contract/decision.ts';
import { createLoop, runTraffic, type TestLoop } from '../fixtures.ts';
import { SOON } from '../../support/soon.ts';

let test: TestLoop;
let app: FastifyInstance;
let origin: string;

beforeEach(async () => {
  test = createLoop();
  app = await createServer(test.loop);
  await app.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  test.loop.start();
});

afterEach(() => app.close());

/** Follows a response piece by piece; pieces end with `separator`. Its headers come with the first piece. */
function follow(path: string, separator: string, body?: object) {
  const followed = { pieces: [] as string[], type: '', ended: false, stop: () => undefined as void };
  const headers = { 'content-type': 'application/json' };
  const posted = body === undefined ? {} : ({ method: 'POST', headers, body: JSON.stringify(body) } as const);
  void (async () => {
    const { body: answer, headers: answered } = await request(`${origin}${path}`, posted);
    followed.type = String(answered['content-type']);
    followed.stop = () => void answer.destroy();
    let rest = '';
    for await (const text of answer.setEncoding('utf8')) {
      const parts = `${rest}${String(text)}`.split(separator);
      rest = parts.pop() ?? '';
      followed.pieces.push(...parts);
    }
  })()
    .catch(() => undefined)
    .finally(() => (followed.ended = true));
  return followed;
}

it.each(['/agent/v1/assignments?node=node-1', '/api/v1/stream'])('%s has no head to ask for alone', async (path) => {
  const listens = vi.spyOn(test.loop.state, 'onDecision');
  const { statusCode, headers } = await request(`${origin}${path}`, { method: 'HEAD' });
  expect([statusCode, headers['allow']]).toEqual([405, 'GET']);
  expect(test.loop.state.published.connected).toEqual([]);
  expect(listens).not.toHaveBeenCalled();
});

describe('the stream of all assignments', () => {
  it('reaches an agent over a real connection: everything, changes, heartbeats', async () => {
    const agent = follow('/agent/v1/assignments?node=node-1', '\n');
    const updates = (): AssignmentUpdate[] => agent.pieces.map((line) => JSON.parse(line) as AssignmentUpdate);
    await vi.waitFor(() => expect(test.loop.state.published.connected).toEqual(['node-1']), SOON);
    runTraffic(test, 5);
    await vi.waitFor(() => {
      expect(updates().find(({ full }) => full)).toMatchObject({ services: [{ routing: 'Endpoint' }] });
    }, SOON);
    expect(agent.type).toBe('application/x-ndjson');
    test.clock.advance(2_000);
    await vi.waitFor(() => expect(updates().at(-1)).toMatchObject({ full: false, removed: [] }), SOON);
    expect(updates().map(({ version }) => version)).toEqual(
      updates()
        .map(({ version }) => version)
        .toSorted(),
    );
    agent.stop();
    await vi.waitFor(() => expect(test.loop.state.published.connected).toEqual([]), SOON);
  });

  it('ends when the controller stops, so that the agent looks for another', async () => {
    const agent = follow('/agent/v1/assignments?node=node-1', '\n');
    await vi.waitFor(() => expect(test.loop.state.published.connected).toEqual(['node-1']), SOON);
    test.loop.publisher.close();
    await vi.waitFor(() => expect(agent.ended).toBe(true), SOON);
  });
});

describe('the stream of the assignments that a node wants', () => {
  const KEY = '8080|geo.hotel.svc.cluster.local';
  const subscription = { node: 'node-1', instance: 'agent', epoch: 0, services: [[KEY, 0]] };

  it('reaches an agent over a real connection: its services, changes, heartbeats', async () => {
    const agent = follow('/agent/v2/assignments', '\n', subscription);
    const lines = (): AssignmentLine[] => agent.pieces.map((line) => JSON.parse(line) as AssignmentLine);
    await vi.waitFor(() => expect(test.loop.state.published.connected).toEqual(['node-1']), SOON);
    runTraffic(test, 5);
    await vi.waitFor(() => expect(lines().flatMap(({ services = [] }) => services)[0]?.key).toBe(KEY), SOON);
    expect(agent.type).toBe('application/x-ndjson');
    test.clock.advance(2_000);
    await vi.waitFor(() => expect(Object.keys(lines().at(-1) ?? {})).toEqual(['version', 'validForMs']), SOON);
    agent.stop();
    await vi.waitFor(() => expect(test.loop.state.published.connected).toEqual([]), SOON);
  });

  it.each([
    [404, 'UNKNOWN_NODE', { ...subscription, node: 'node-9' }],
    [400, 'INVALID_REQUEST', { ...subscription, services: [[KEY]] }],
    [400, 'INVALID_REQUEST', { ...subscription, instance: '' }],
  ])('is refused with %i %s', async (status, code, payload) => {
    const answer = await app.inject({ method: 'POST', url: '/agent/v2/assignments', payload });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code]);
  });
});

describe('the stream of decisions', () => {
  it('has the latest decision at once and each one after it as it is made', async () => {
    const page = follow('/api/v1/stream', '\n\n');
    await vi.waitFor(() => expect(page.pieces).toHaveLength(1), SOON);
    expect(page.type).toBe('text/event-stream');
    test.clock.advance(500);
    await vi.waitFor(() => expect(page.pieces).toHaveLength(3), SOON);
    const decisions = page.pieces.map((event) => {
      const [name, id, data] = event.split('\n');
      expect(name).toBe('event: decision');
      const decision = JSON.parse(data?.replace(/^data: /, '') ?? '') as Decision;
      expect(id).toBe(`id: ${decision.tick}`);
      return decision;
    });
    expect(decisions.at(-1)).toEqual(decisionAnswer(test.loop.state.decision ?? expect.fail()));
    expect(decisions.map(({ tick }) => tick)).toEqual([0, 1, 2]);
  });

  it('has no more than four decisions a second, however often is decided, unless all are asked for', async () => {
    const page = follow('/api/v1/stream', '\n\n');
    const all = follow('/api/v1/stream?intervalMs=0', '\n\n');
    await vi.waitFor(() => expect(all.pieces).toHaveLength(1), SOON);
    await vi.waitFor(() => expect(page.pieces).toHaveLength(1), SOON);
    for (let event = 0; event < 50; event++) {
      test.loop.reconcileSoon();
      test.clock.advance(20);
    }
    const last = test.loop.state.decision?.tick ?? 0;
    expect(last).toBeGreaterThanOrEqual(50);
    test.clock.advance(500);
    await vi.waitFor(() => expect(page.pieces.at(-1)).toContain(`id: ${test.loop.state.decision?.tick}\n`), SOON);
    expect(page.pieces.length).toBeLessThanOrEqual(1 + 4 + 2);
    await vi.waitFor(() => expect(all.pieces).toHaveLength(1 + (test.loop.state.decision?.tick ?? 0)), SOON);
  });

  it('is as slow as is asked for, heartbeats or not', async () => {
    const page = follow('/api/v1/stream?intervalMs=1000', '\n\n');
    await vi.waitFor(() => expect(page.pieces).toHaveLength(1), SOON);
    test.clock.advance(5_000);
    await vi.waitFor(() => expect(page.pieces).toHaveLength(6), SOON);
    const ids = page.pieces.map((event) => Number(/^id: (\d+)$/m.exec(event)?.[1]));
    expect(ids).toEqual([0, 4, 8, 12, 16, 20]);
    expect((await fetch(`${origin}/api/v1/stream?intervalMs=-1`)).status).toBe(400);
  });

  it('leaves replicas out of a decision on more than are asked for', async () => {
    const page = follow('/api/v1/stream?maxReplicas=1', '\n\n');
    const whole = follow('/api/v1/stream?maxReplicas=2', '\n\n');
    await vi.waitFor(() => expect([page.pieces.length, whole.pieces.length]).toEqual([1, 1]), SOON);
    const read = (event = ''): unknown => JSON.parse(event.split('\ndata: ')[1] ?? '');
    const decision = test.loop.state.decision ?? expect.fail();
    expect(read(page.pieces[0])).toEqual(withOldGap(overviewOf(decision)));
    expect(read(whole.pieces[0])).toEqual(decisionAnswer(decision));
    expect((await fetch(`${origin}/api/v1/stream?maxReplicas=-1`)).status).toBe(400);
  });

  it('ends when the server closes', async () => {
    const page = follow('/api/v1/stream', '\n\n');
    await vi.waitFor(() => expect(page.pieces).toHaveLength(1), SOON);
    await app.close();
    await vi.waitFor(() => expect(page.ended).toBe(true), SOON);
  });
});
