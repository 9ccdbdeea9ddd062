import { expect, test, vi } from 'vitest';
import { LongPolls } from '../../../host-agent/serve/long-polls.ts';
import { COUNTERS, serve } from '../support/proxy-server.ts';
import { encodeStatistics } from '../support/statistics.ts';
import { readTable, type ReadTable } from '../support/table.ts';
import { SOON } from '../../support/soon.ts';

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
  // The controller would refuse the whole node's report for its sake.
  const nameless = encodeStatistics({ ...COUNTERS, called: COUNTERS.called.map((one) => ({ ...one, replica: '' })) });
  const bodies = ['', 'garbage', good.subarray(0, good.length - 1), Buffer.concat([good, Buffer.from('x')]), nameless];
  for (const body of bodies) {
    const response = await fetch(`${url}/v1/statistics`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'MALFORMED_STATISTICS' });
  }
  expect(statistics).toEqual([]);
  expect(refused).toHaveLength(bodies.length);
  expect(refused.at(-1)).toContain('called[0].replica');
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
