import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import type { AssignmentUpdate } from '../../../central-controller/contract/assignment.ts';
import type { Decision } from '../../../central-controller/contract/decision.ts';
import { createLoop, runTraffic, type TestLoop } from '../fixtures.ts';

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

/** Follows a response piece by piece; pieces end with `separator`. */
async function follow(path: string, separator: string) {
  const { body, headers, statusCode } = await request(`${origin}${path}`);
  expect(statusCode).toBe(200);
  const pieces: string[] = [];
  let rest = '';
  let ended = false;
  body.setEncoding('utf8');
  body.on('data', (text: string) => {
    const parts = (rest + text).split(separator);
    rest = parts.pop() ?? '';
    pieces.push(...parts);
  });
  body.on('error', () => undefined);
  body.once('close', () => (ended = true));
  return { pieces, type: headers['content-type'], stop: () => body.destroy(), ended: () => ended };
}

describe('the stream of assignments', () => {
  it('reaches an agent over a real connection: everything, changes, heartbeats', async () => {
    const agent = await follow('/agent/v1/assignments?node=node-1', '\n');
    const updates = (): AssignmentUpdate[] => agent.pieces.map((line) => JSON.parse(line) as AssignmentUpdate);
    expect(agent.type).toBe('application/x-ndjson');
    expect(test.loop.publisher.connected).toEqual(['node-1']);
    runTraffic(test, 5);
    await vi.waitFor(() => expect(updates()[0]).toMatchObject({ full: true, services: [{ routing: 'Endpoint' }] }));
    test.clock.advance(2_000);
    await vi.waitFor(() => expect(updates().at(-1)).toMatchObject({ full: false, removed: [] }));
    expect(updates().map(({ version }) => version)).toEqual(
      updates()
        .map(({ version }) => version)
        .toSorted(),
    );
    agent.stop();
    await vi.waitFor(() => expect(test.loop.publisher.connected).toEqual([]));
  });

  it('ends when the controller stops, so that the agent looks for another', async () => {
    const agent = await follow('/agent/v1/assignments?node=node-1', '\n');
    test.loop.publisher.close();
    await vi.waitFor(() => expect(agent.ended()).toBe(true));
  });
});

describe('the stream of decisions', () => {
  it('has the latest decision at once and each one after it as it is made', async () => {
    const page = await follow('/api/v1/stream', '\n\n');
    expect(page.type).toBe('text/event-stream');
    await vi.waitFor(() => expect(page.pieces).toHaveLength(1));
    test.clock.advance(500);
    await vi.waitFor(() => expect(page.pieces).toHaveLength(3));
    const decisions = page.pieces.map((event) => {
      const [name, id, data] = event.split('\n');
      expect(name).toBe('event: decision');
      const decision = JSON.parse(data?.replace(/^data: /, '') ?? '') as Decision;
      expect(id).toBe(`id: ${decision.tick}`);
      return decision;
    });
    expect(decisions.at(-1)).toEqual(test.loop.decision);
    expect(decisions.map(({ tick }) => tick)).toEqual([0, 1, 2]);
  });

  it('has no more than four decisions a second, however often is decided', async () => {
    const page = await follow('/api/v1/stream', '\n\n');
    for (let event = 0; event < 50; event++) {
      test.loop.reconcileSoon();
      test.clock.advance(20);
    }
    const last = test.loop.decision?.tick ?? 0;
    expect(last).toBeGreaterThanOrEqual(50);
    test.clock.advance(500);
    await vi.waitFor(() => expect(page.pieces.at(-1)).toContain(`id: ${test.loop.decision?.tick}\n`));
    expect(page.pieces.length).toBeLessThanOrEqual(1 + 4 + 2);
  });

  it('ends when the server closes', async () => {
    const page = await follow('/api/v1/stream', '\n\n');
    await app.close();
    await vi.waitFor(() => expect(page.ended()).toBe(true));
  });
});
