import { expect, test, vi } from 'vitest';
import { syncOf } from '../../../host-agent/serve/old-plugin.ts';
import { COUNTERS, serve } from '../support/proxy-server.ts';
import { encodeStatistics } from '../support/statistics.ts';
import { readTable, type ReadTable } from '../support/table.ts';
import { update } from '../support/updates.ts';
import { SOON } from '../../support/soon.ts';

async function table(response: Response): Promise<ReadTable> {
  expect(response.status).toBe(200);
  return readTable(new Uint8Array(await response.arrayBuffer()));
}

test('a proxy that has no table, or that of another agent, is answered at once', async () => {
  const { url, publish } = await serve();
  publish(0.5);
  const first = await table(await fetch(`${url}/v1/table`));
  expect(first.replicas[0]?.weight).toBe(0.5);
  for (const other of ['0', '900', String(first.version + 1000), '18446744073709551615']) {
    expect((await table(await fetch(`${url}/v1/table?version=${other}`))).version).toBe(first.version);
  }
});

test('a proxy that is up to date waits for the next version', async () => {
  const { url, publish, tables } = await serve();
  publish(0.5);
  const { version } = await table(await fetch(`${url}/v1/table?version=0`));
  const polls = [1, 2, 3].map(() => fetch(`${url}/v1/table?version=${version}`));
  await vi.waitFor(() => expect(tables.waiting).toBe(3), SOON);
  publish(0.25);
  for (const poll of polls) {
    const next = await table(await poll);
    expect(next.version).toBeGreaterThan(version);
    expect(next.replicas[0]?.weight).toBe(0.25);
  }
  expect(tables.waiting).toBe(0);
});

test('a poll without news is answered 304 after 20 s', async () => {
  const { url, send, tables, clock } = await serve();
  send(update({ validForMs: 100_000 }));
  const { version } = await table(await fetch(`${url}/v1/table?version=0`));
  const poll = fetch(`${url}/v1/table?version=${version}`);
  await vi.waitFor(() => expect(tables.waiting).toBe(1), SOON);
  clock.now = 19_999;
  tables.tick();
  expect(tables.waiting).toBe(1);
  clock.now = 20_000;
  tables.tick();
  expect((await poll).status).toBe(304);
});

test('proxies wait until the controller has sent something, and get the first table then', async () => {
  const { url, publish, tables } = await serve();
  const poll = fetch(`${url}/v1/table?version=900`);
  await vi.waitFor(() => expect(tables.waiting).toBe(1), SOON);
  publish(0.5);
  expect((await table(await poll)).services).toBe(1);
});

test('a proxy that goes away no longer waits', async () => {
  const { url, tables } = await serve();
  const abort = new AbortController();
  const poll = fetch(`${url}/v1/table?version=1`, { signal: abort.signal }).catch(() => undefined);
  await vi.waitFor(() => expect(tables.waiting).toBe(1), SOON);
  abort.abort();
  await poll;
  await vi.waitFor(() => expect(tables.waiting).toBe(0), SOON);
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
  // The table in use was none that this agent made.
  expect(statistics).toEqual([{ ...COUNTERS, tableVersion: 0 }]);
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

test('closing answers the polls that wait', async () => {
  const { url, server, tables } = await serve();
  const poll = fetch(`${url}/v1/table?version=1`).then(
    (response) => response.status,
    () => 0,
  );
  await vi.waitFor(() => expect(tables.waiting).toBe(1), SOON);
  await server.close();
  expect(await poll).toBe(304);
});

test('such a plugin is there until it has not polled for a minute', async () => {
  const { url, publish, clock, tables } = await serve();
  publish(0.5);
  clock.now = 1000;
  expect(tables.oldPlugins.isPresent).toBe(false);
  await fetch(`${url}/v1/table?version=0`);
  expect(tables.oldPlugins.isPresent).toBe(true);
  clock.now = 61_001;
  expect(tables.oldPlugins.isPresent).toBe(false);
});

test('the version that the node uses is the oldest that such a plugin uses', async () => {
  const { url, publish, send, clock, tables } = await serve();
  publish(0.5);
  const { version } = await table(await fetch(`${url}/v1/table?version=0`));
  const body = encodeStatistics({ ...COUNTERS, tableVersion: version });
  await fetch(`${url}/v1/statistics`, { method: 'POST', body });
  send(update({ version: 7, full: false, services: [] }));
  expect(tables.usedVersion).toBe(1);
  clock.now = 60_001;
  expect(tables.usedVersion).toBe(7);
});

test('what it counted becomes the sums that newer plugins send', () => {
  const latencyBuckets = Array.from({ length: 40 }, (_, bucket) => (bucket === 12 ? 4 : 0));
  const record = { ...COUNTERS.called[0], latencyBuckets };
  const message = syncOf({ ...COUNTERS, called: COUNTERS.called.map((one) => ({ ...one, ...record })) });
  expect(message).toMatchObject({ namespace: 'hotel', pod: 'search-0', sequence: 4, fallbacks: 2, hasTable: true });
  expect(message.called).toMatchObject([{ requests: 10, failures: 1, unreached: 1, ejected: true, answered: 4 }]);
  // Bucket 12 counts latencies between 11.3 and 16 ms.
  expect(message.called[0]?.latencySeconds).toBeCloseTo(4 * 0.01345, 4);
});
