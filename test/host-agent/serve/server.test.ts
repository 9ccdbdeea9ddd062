import { connect } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { LATENCY_BUCKETS } from '../../../central-controller/contract/latency-buckets.ts';
import type { ProxyCounters } from '../../../central-controller/contract/report.ts';
import { LongPolls } from '../../../host-agent/serve/long-polls.ts';
import type { Plugin } from '../../../host-agent/serve/plugin-file.ts';
import { ProxyServer } from '../../../host-agent/serve/server.ts';
import { TableBoard } from '../../../host-agent/serve/table-board.ts';
import { HeldAssignments } from '../../../host-agent/uplink/held-assignments.ts';
import { encodeStatistics } from '../support/statistics.ts';
import { readTable, type ReadTable } from '../support/table.ts';
import { replica, service, update } from '../support/updates.ts';
import { SOON } from '../../support/soon.ts';

const COUNTERS: ProxyCounters = {
  namespace: 'hotel',
  pod: 'search-0',
  instance: 'abc123',
  sequence: 4,
  tableVersion: 17,
  fallbacks: 2,
  called: [
    {
      service: '8080|geo.hotel',
      replica: 'geo-0',
      requests: 10,
      failures: 1,
      unreached: 1,
      ejected: true,
      inFlight: 3,
      inFlightSeconds: 0.25,
      latencyBuckets: Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => bucket),
    },
  ],
};

/** A server on a clock that the test sets. */
async function serve(plugin?: Plugin): Promise<{
  url: string;
  server: ProxyServer;
  clock: { now: number };
  statistics: ProxyCounters[];
  refused: string[];
  publish: (weight: number) => void;
}> {
  const clock = { now: 0 };
  const held = new HeldAssignments();
  const board = new TableBoard(held, 1_763_600_000_000);
  const statistics: ProxyCounters[] = [];
  const refused: string[] = [];
  const server = new ProxyServer({
    board,
    now: () => clock.now,
    statistics: (counters) => statistics.push(counters),
    refused: (failure) => refused.push(failure.message),
    health: () => ({ ready: held.validUntil !== undefined, detail: { assignment: held.version } }),
    metrics: async () => ({ type: 'text/plain', body: 'metric 1\n' }),
    plugin,
  });
  const address = await server.listen('127.0.0.1', 0);
  onTestFinished(() => server.close());
  return {
    url: `http://127.0.0.1:${address.port}`,
    server,
    clock,
    statistics,
    refused,
    publish: (weight) => {
      const change = held.apply(update({ services: [service({ replicas: [replica({ weight })] })] }), clock.now);
      if (board.changed(change, clock.now)) server.push();
    },
  };
}

async function table(response: Response): Promise<ReadTable> {
  expect(response.status).toBe(200);
  return readTable(new Uint8Array(await response.arrayBuffer()));
}

test('a proxy without a table, or with another agent’s, is answered at once', async () => {
  const { url, publish } = await serve();
  publish(0.5);
  const first = await table(await fetch(`${url}/v1/table`));
  expect(first.replicas[0]?.weight).toBe(0.5);
  for (const other of ['0', '900', String(first.version + 1000), '18446744073709551615']) {
    expect((await table(await fetch(`${url}/v1/table?version=${other}`))).version).toBe(first.version);
  }
});

test('a proxy that is up to date waits for the next version', async () => {
  const { url, publish, server } = await serve();
  publish(0.5);
  const { version } = await table(await fetch(`${url}/v1/table?version=0`));
  const polls = [1, 2, 3].map(() => fetch(`${url}/v1/table?version=${version}`));
  await vi.waitFor(() => expect(server.waiting).toBe(3), SOON);
  publish(0.25);
  for (const poll of polls) {
    const next = await table(await poll);
    expect(next.version).toBeGreaterThan(version);
    expect(next.replicas[0]?.weight).toBe(0.25);
  }
  expect(server.waiting).toBe(0);
});

test('with nothing new a poll ends after 20 s by 304', async () => {
  const { url, publish, server, clock } = await serve();
  publish(0.5);
  const { version } = await table(await fetch(`${url}/v1/table?version=0`));
  const poll = fetch(`${url}/v1/table?version=${version}`);
  await vi.waitFor(() => expect(server.waiting).toBe(1), SOON);
  clock.now = 19_999;
  server.tick();
  expect(server.waiting).toBe(1);
  clock.now = 20_000;
  server.tick();
  expect((await poll).status).toBe(304);
});

test('an agent that has heard nothing yet lets proxies wait, then sends them the first table', async () => {
  const { url, publish, server } = await serve();
  const poll = fetch(`${url}/v1/table?version=900`);
  await vi.waitFor(() => expect(server.waiting).toBe(1), SOON);
  publish(0.5);
  expect((await table(await poll)).services).toBe(1);
});

test('a proxy that goes away no longer waits', async () => {
  const { url, server } = await serve();
  const abort = new AbortController();
  const poll = fetch(`${url}/v1/table?version=1`, { signal: abort.signal }).catch(() => undefined);
  await vi.waitFor(() => expect(server.waiting).toBe(1), SOON);
  abort.abort();
  await poll;
  await vi.waitFor(() => expect(server.waiting).toBe(0), SOON);
});

test.each(['-1', 'abc', '1.5', '99999999999999999999999', ''])('version=%j is refused', async (version) => {
  const { url } = await serve();
  const response = await fetch(`${url}/v1/table?version=${version}`);
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await response.json()).toMatchObject({ code: 'INVALID_REQUEST', status: 400 });
});

test('statistics are decoded and handed on', async () => {
  const { url, statistics } = await serve();
  const response = await fetch(`${url}/v1/statistics`, { method: 'POST', body: encodeStatistics(COUNTERS) });
  expect(response.status).toBe(204);
  expect(statistics).toEqual([COUNTERS]);
});

test('malformed statistics are refused with the reason, and change nothing', async () => {
  const { url, statistics, refused } = await serve();
  const good = encodeStatistics(COUNTERS);
  const bodies = ['', 'garbage', good.subarray(0, good.length - 1), Buffer.concat([good, Buffer.from('x')])];
  for (const body of bodies) {
    const response = await fetch(`${url}/v1/statistics`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'MALFORMED_STATISTICS' });
  }
  expect(statistics).toEqual([]);
  expect(refused).toHaveLength(bodies.length);
});

test('a body without end is cut off by 413', async () => {
  const { url, statistics } = await serve();
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.write('POST /v1/statistics HTTP/1.1\r\nhost: a\r\ncontent-length: 100000000\r\n\r\n');
    socket.write(Buffer.alloc(2 * 1024 * 1024));
  });
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toMatch(/^connection: close\r$/im);
  expect(statistics).toEqual([]);
});

test('a post that breaks off is forgotten', async () => {
  const { url, statistics, refused } = await serve();
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('POST /v1/statistics HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nabc');
  await vi.waitFor(async () => expect((await fetch(`${url}/livez`)).status).toBe(200), SOON);
  socket.destroy();
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect(statistics).toEqual([]);
  expect(refused).toEqual([]);
});

test('health, metrics, and what is not there', async () => {
  const { url, publish } = await serve();
  expect((await fetch(`${url}/livez`)).status).toBe(200);
  expect((await fetch(`${url}/readyz`)).status).toBe(503);
  publish(0.5);
  const ready = await fetch(`${url}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toEqual({ ready: true, assignment: 1 });
  expect(await (await fetch(`${url}/metrics`)).text()).toBe('metric 1\n');
  expect((await fetch(`${url}/v1/other`)).status).toBe(404);
  expect((await fetch(`${url}/v1/table`, { method: 'POST' })).status).toBe(404);
});

test('closing answers the polls that wait', async () => {
  const { url, server } = await serve();
  const poll = fetch(`${url}/v1/table?version=1`).then(
    (response) => response.status,
    () => 0,
  );
  await vi.waitFor(() => expect(server.waiting).toBe(1), SOON);
  await server.close();
  expect(await poll).toBe(304);
});

test('there is a limit to how many may wait', () => {
  const polls = new LongPolls(1);
  const waiter = { until: 1, changed: () => undefined, unchanged: () => undefined };
  expect(polls.add(waiter)).toBe(true);
  expect(polls.add({ ...waiter })).toBe(false);
  polls.remove(waiter);
  expect(polls.add({ ...waiter })).toBe(true);
});

test('the plugin is served under its digest; another digest may be that of another agent', async () => {
  const digest = 'ab'.repeat(32);
  const { url } = await serve({ bytes: Buffer.from('\0asm'), digest });
  const found = await fetch(`${url}/plugin/${digest}/ballast.wasm`);
  expect(found.status).toBe(200);
  expect(found.headers.get('content-type')).toBe('application/wasm');
  expect(await found.text()).toBe('\0asm');
  const other = await fetch(`${url}/plugin/${'cd'.repeat(32)}/ballast.wasm`);
  expect(other.status).toBe(503);
  expect(await other.json()).toMatchObject({ code: 'UNKNOWN_PLUGIN' });
  expect((await fetch(`${url}/plugin/latest/ballast.wasm`)).status).toBe(404);
});

test('without a plugin there is none', async () => {
  const { url } = await serve();
  expect((await fetch(`${url}/plugin/${'ab'.repeat(32)}/ballast.wasm`)).status).toBe(404);
});
