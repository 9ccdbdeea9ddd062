import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { type LoadOptions, runLoad } from '../../../tools/load-generator/load.ts';
import { percentileMs } from '../../../tools/load-generator/measure/histogram.ts';
import { stubServer } from './stub-server.ts';

function options(url: URL, over: Partial<LoadOptions> = {}): LoadOptions {
  return {
    url,
    mix: { name: 'plain', parameters: {}, requests: [{ name: 'get', weight: 1, method: 'GET', path: '' }] },
    rate: 100,
    durationSeconds: 0.5,
    connections: 16,
    timeoutSeconds: 10,
    seed: 1,
    ...over,
  };
}

test('answers are counted by status and by the replica that a header names', async () => {
  let served = 0;
  const server = await stubServer((request, response) => {
    served += 1;
    response.setHeader('x-replica', `web-${served % 2}`);
    response.statusCode = request.headers['x-test'] === 'on' && served % 10 === 0 ? 503 : 200;
    response.end('hello');
  });
  const result = await runLoad(options(server.url, { headers: { 'x-test': 'on' }, replicaHeader: 'x-replica' }))
    .finished;
  expect(result).toMatchObject({
    due: 50,
    answered: 45,
    failed: 5,
    bytes: 250,
    statuses: { '200': 45, '503': 5 },
    failures: { status: 5, connect: 0, reset: 0, timeout: 0, notSent: 0, dropped: 0 },
    replicas: { 'web-0': 25, 'web-1': 25 },
  });
});

test('bodies arrive whole, text and bytes, with the headers of the mix and those of the command line', async () => {
  const seen: string[] = [];
  const server = await stubServer((request, response) => {
    void (async () => {
      let text = '';
      for await (const chunk of request.setEncoding('latin1') as AsyncIterable<string>) text += chunk;
      const { 'content-type': type, 'content-length': length, 'x-from': from } = request.headers;
      seen.push([request.method, type, length, from, text].join(' '));
      response.end();
    })();
  });
  const shared = { weight: 1, method: 'POST', path: '/' } as const;
  const mix = {
    name: 'bodies',
    parameters: { x: { kind: 'integer', from: 7, to: 7 } },
    requests: [
      { ...shared, name: 'text', headers: { 'content-type': 'text/plain', 'x-from': 'mix' }, body: '{x} of {y}' },
      { ...shared, name: 'bytes', headers: { 'content-type': 'image/jpeg' }, body: Uint8Array.of(0xff, 0xd8) },
    ],
  } as const;
  const { answered, due } = await runLoad(options(server.url, { mix, headers: { 'x-from': 'flag' } })).finished;
  expect(answered).toBe(due);
  expect(new Set(seen)).toEqual(new Set(['POST text/plain 8 flag 7 of {y}', 'POST image/jpeg 2 flag \u00ff\u00d8']));
});

test('broken connections, silence and a closed port are failures of their own kinds', async () => {
  let served = 0;
  const server = await stubServer((_request, response) => {
    served += 1;
    if (served % 5 === 1) response.socket?.destroy();
    else if (served % 5 !== 2) response.end();
  });
  const over = { durationSeconds: 0.25, timeoutSeconds: 1.5 };
  const result = await runLoad(options(server.url, over)).finished;
  expect(result.failures).toEqual({ status: 0, connect: 0, reset: 5, timeout: 5, notSent: 0, dropped: 0 });
  expect(result.answered).toBe(15);
  expect(percentileMs(result.latency, 100)).toBeGreaterThanOrEqual(1499);

  const { url } = server;
  await server.close();
  expect((await runLoad(options(url, over)).finished).failures).toMatchObject({ connect: 25 });
});

test('a server that stalls for a second is seen by every request that was due meanwhile', async () => {
  const held: (() => void)[] = [];
  let served = 0;
  let stall = { from: 0, to: 0 };
  const server = await stubServer((_request, response) => {
    served += 1;
    if (served === 100) {
      stall = { from: performance.now(), to: 0 };
      setTimeout(() => {
        stall.to = performance.now();
        for (const release of held) release();
      }, 1000);
    }
    if (stall.from > 0 && stall.to === 0) held.push(() => response.end());
    else response.end();
  });
  const load = runLoad(options(server.url, { rate: 200, durationSeconds: 3, connections: 8 }));
  const { due, answered, latency } = await load.finished;
  const stalled = stall.to - stall.from;
  expect({ due, answered }).toEqual({ due: 600, answered: 600 });
  // No more than the 8 connections' requests were with the server, of 600: they alone would not reach p98.
  expect(held.length).toBeLessThanOrEqual(8);
  // A third of all fell due during the stall, evenly: the longest-waiting 1 % and 10 % must show it.
  expect(percentileMs(latency, 99)).toBeGreaterThan(0.9 * stalled);
  expect(percentileMs(latency, 90)).toBeGreaterThan(0.6 * stalled);
});
