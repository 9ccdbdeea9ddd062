import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { request } from 'undici';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import {
  createLoop,
  FakeLeadership,
  nodeReport,
  report,
  serviceTopology,
  type TestLoop,
  topologyOf,
} from '../fixtures.ts';
import { SOON } from '../../support/soon.ts';

let test: TestLoop;
let leadership: FakeLeadership;
let app: FastifyInstance;
let origin: string;

beforeEach(async () => {
  leadership = new FakeLeadership();
  leadership.set(true);
  test = createLoop(topologyOf(serviceTopology()), leadership);
  app = await createServer(test.loop);
  await app.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  test.loop.start();
});

afterEach(() => app.close());

const line = (sequence: number, node = 'node-1'): string => `${JSON.stringify(nodeReport(node, sequence))}\n`;

async function post(body: string | Readable, type = 'application/x-ndjson', version = 'v2') {
  const headers = { 'content-type': type };
  const response = await request(`${origin}/agent/${version}/reports/stream`, { method: 'POST', headers, body });
  return { status: response.statusCode, text: await response.body.text() };
}

async function counted(name: string): Promise<string | undefined> {
  const { body } = await app.inject({ url: '/metrics' });
  return body.split('\n').find((candidate) => candidate.startsWith(`${name} `));
}

it('takes each line in as it comes, whatever pieces it comes in, and answers at the end', async () => {
  const body = new Readable({ read: () => undefined });
  const answer = post(body);
  const text = line(1) + line(2);
  body.push(text.slice(0, -5));
  await vi.waitFor(async () => {
    expect(await counted('ballast_reports_accepted_total')).toBe('ballast_reports_accepted_total 1');
  }, SOON);
  body.push(text.slice(-5));
  body.push(line(3).trimEnd());
  body.push(null);
  expect(await answer).toEqual({ status: 204, text: '' });
  expect(await counted('ballast_reports_accepted_total')).toBe('ballast_reports_accepted_total 3');
});

it.each([
  ['is no JSON', '{\n', 400, 'MALFORMED_REPORT', /^body: ./],
  ['is empty', '\n', 400, 'MALFORMED_REPORT', /^body: ./],
  ['has an unknown field', '{"speed":1}\n', 400, 'MALFORMED_REPORT', /^\w+: ./],
  ['came before', line(1), 409, 'STALE_REPORT', /^\w+: ./],
  ['is of an unknown node', line(2, 'node-7'), 404, 'UNKNOWN_NODE', /node-7/],
])('answers at once to a line that %s; those before it count', async (_case, text, status, code, detail) => {
  const body = new Readable({ read: () => undefined });
  body.push(line(1));
  body.push(text);
  const answer = await post(body);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toMatchObject({ code, detail: expect.stringMatching(detail) as string });
  expect(await counted('ballast_reports_accepted_total')).toBe('ballast_reports_accepted_total 1');
  const refused = `ballast_reports_refused_total{reason="${code}"}`;
  expect(await counted(refused)).toBe(`${refused} 1`);
});

it('takes only so many lines a second from one connection', async () => {
  const answer = await post(Array.from({ length: 300 }, (_, index) => line(index + 1)).join(''));
  expect(answer.status).toBe(429);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'TOO_MANY_REQUESTS' });
});

it('ends with the lead of its controller', async () => {
  const body = new Readable({ read: () => undefined });
  body.push(line(1));
  const answer = post(body);
  await vi.waitFor(async () => {
    expect(await counted('ballast_reports_accepted_total')).toBe('ballast_reports_accepted_total 1');
  }, SOON);
  leadership.set(false);
  body.push(line(2));
  const { status, text } = await answer;
  expect([status, JSON.parse(text)]).toEqual([503, expect.objectContaining({ code: 'NOT_LEADER' })]);
  expect((await post(line(2))).status).toBe(503);
});

it('does not keep a line that has no end', async () => {
  const answer = await post('x'.repeat(17 * 1024 * 1024));
  expect([answer.status, JSON.parse(answer.text)]).toEqual([413, expect.objectContaining({ code: 'BODY_TOO_LARGE' })]);
  const refused = 'ballast_reports_refused_total{reason="BODY_TOO_LARGE"}';
  expect(await counted(refused)).toBe(`${refused} 1`);
});

it('takes lines only, and its neighbour no lines', async () => {
  expect((await post(line(1), 'application/json')).status).toBe(415);
  expect((await app.inject({ method: 'POST', url: '/agent/v2/reports/stream' })).statusCode).toBe(415);
  const headers = { 'content-type': 'application/x-ndjson' };
  const single = await request(`${origin}/agent/v2/reports`, { method: 'POST', headers, body: line(1) });
  expect(single.statusCode).toBe(415);
  await single.body.dump();
  const refused = 'ballast_reports_refused_total{reason="UNSUPPORTED_MEDIA_TYPE"}';
  expect(await counted(refused)).toBe(`${refused} 3`);
});

it('takes the reports of agents of the version before, too', async () => {
  const lines = [1, 2].map((sequence) => `${JSON.stringify(report('node-1', sequence))}\n`).join('');
  expect((await post(lines, undefined, 'v1')).status).toBe(204);
  expect((await post(lines, undefined, 'v2')).status).toBe(400);
  expect(test.loop.state.lastSeen('node-1')).toBe(test.clock.now());
});

it('says that a defect is one', async () => {
  vi.spyOn(test.loop, 'accept').mockImplementation(() => {
    throw new Error('a defect');
  });
  const { status, text } = await post(line(1));
  expect([status, JSON.parse(text)]).toEqual([500, expect.objectContaining({ code: 'DEFECT' })]);
});

it('outlives senders that break off', async () => {
  const body = new Readable({ read: () => undefined });
  const answer = post(body);
  body.push(line(1));
  body.push(line(2).slice(0, 20));
  await vi.waitFor(async () => {
    expect(await counted('ballast_reports_accepted_total')).toBe('ballast_reports_accepted_total 1');
  }, SOON);
  body.destroy(new Error('gone'));
  await expect(answer).rejects.toThrow();
  expect((await post(line(2))).status).toBe(204);
  expect(await counted('ballast_reports_refused_total{reason="DEFECT"}')).toBeUndefined();
});
