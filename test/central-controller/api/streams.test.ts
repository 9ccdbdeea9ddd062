import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decisionAnswer } from '../../../central-controller/api/old-names.ts';
import { createServer } from '../../../central-controller/api/server.ts';
import type { AssignmentUpdate } from '../../../contract/assignment.ts';
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
function follow(path: string, separator: string) {
  const followed = { pieces: [] as string[], type: '', ended: false, stop: () => undefined as void };
  void (async () => {
    const { body, headers } = await request(`${origin}${path}`);
    followed.type = String(headers['content-type']);
    followed.stop = () => void body.destroy();
    let rest = '';
    for await (const text of body.setEncoding('utf8')) {
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

describe('the stream of assignments', () => {
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

  it('ends when the server closes', async () => {
    const page = follow('/api/v1/stream', '\n\n');
    await vi.waitFor(() => expect(page.pieces).toHaveLength(1), SOON);
    await app.close();
    await vi.waitFor(() => expect(page.ended).toBe(true), SOON);
  });
});
