import { expect, test, vi } from 'vitest';
import { encodeSync, readSyncAnswer } from '../../support/proxy-sync.ts';
import { SOON } from '../../support/soon.ts';
import { serve } from '../support/proxy-server.ts';
import { service } from '../support/updates.ts';

const KEY = service().key;
const WANTS = { services: [{ key: KEY }], holdMs: 5000 };

const post = (url: string, body: Uint8Array, signal?: AbortSignal): Promise<Response> =>
  fetch(`${url}/v1/sync`, { method: 'POST', body: Buffer.from(body), ...(signal && { signal }) });

test('a proxy is answered with the services that it wants, once they are known', async () => {
  const { url, publish, messages, tables, wantedMore } = await serve();
  const held = post(url, encodeSync(WANTS));
  await vi.waitFor(() => expect(tables.waiting).toBe(1), SOON);
  expect(wantedMore()).toBe(1);
  publish(0.5);
  const response = await held;
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/octet-stream');
  const answer = readSyncAnswer(new Uint8Array(await response.arrayBuffer()));
  expect(answer.blocks).toMatchObject([{ key: KEY, replicas: [{ name: 'search-0', weight: 0.5 }] }]);
  expect(messages).toMatchObject([{ namespace: 'shop', pod: 'cart-0', services: [{ key: KEY }] }]);
});

test('a VM that only posts what it counted is answered 204 at once', async () => {
  const { url, messages, tables, wantedMore } = await serve();
  const called = [{ service: KEY, replica: 'search-0', requests: 3 }];
  const response = await post(url, encodeSync({ called, holdMs: 0 }));
  expect(response.status).toBe(204);
  expect(messages).toMatchObject([{ called: [{ requests: 3 }], services: [{ key: KEY, wanted: false }] }]);
  expect([tables.waiting, wantedMore()]).toEqual([0, 0]);
});

test('a proxy that goes away waits no longer', async () => {
  const { url, tables } = await serve();
  const abort = new AbortController();
  const held = post(url, encodeSync(WANTS), abort.signal).catch(() => undefined);
  await vi.waitFor(() => expect(tables.waiting).toBe(1), SOON);
  abort.abort();
  await held;
  await vi.waitFor(() => expect(tables.waiting).toBe(0), SOON);
});

test('a message that cannot be read is refused with the reason, and a wrong value costs its record alone', async () => {
  const { url, messages, refused } = await serve();
  const good = encodeSync({ called: [{ service: KEY, replica: 'a' }] });
  for (const body of [Buffer.from(''), Buffer.from('garbage'), good.subarray(0, -1)]) {
    const response = await post(url, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'MALFORMED_STATISTICS' });
  }
  expect([messages.length, refused.length]).toEqual([0, 3]);
  const called = [
    { service: KEY, replica: 'a', requests: 1 },
    { service: KEY, replica: 'b', latencySeconds: NaN },
  ];
  expect((await post(url, encodeSync({ called }))).status).toBe(204);
  expect(messages).toMatchObject([{ called: [{ replica: 'a', requests: 1 }] }]);
  expect(messages[0]?.faults).toEqual([expect.stringContaining('records[1].seconds: ')]);
});

test('closing answers the requests that wait, and the proxies keep what they have', async () => {
  const { url, server, tables } = await serve();
  const held = post(url, encodeSync(WANTS)).then(async (response) => new Uint8Array(await response.arrayBuffer()));
  await vi.waitFor(() => expect(tables.waiting).toBe(1), SOON);
  await server.close();
  expect(readSyncAnswer(await held)).toMatchObject({ unknown: true, complete: false, blocks: [] });
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
  expect((await fetch(`${url}/v1/sync`)).status).toBe(404);
  expect((await fetch(`${url}/v1/table`, { method: 'POST' })).status).toBe(404);
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
