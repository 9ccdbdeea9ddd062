import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ApiError, KubernetesClient } from '../../../central-controller/kubernetes/client.ts';

/** What a client throws when the server gives this answer. */
async function refused(status: number, headers: Record<string, string>, ask: 'request' | 'stream' = 'request') {
  const server = createServer((_, response) => response.writeHead(status, headers).end('{"message":"no"}'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = new KubernetesClient({ server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  onTestFinished(async () => {
    await client.close();
    server.close();
  });
  const asked = ask === 'request' ? client.request('GET', '/') : client.stream('/', {}, 1000);
  return asked.then(
    () => undefined,
    (error: unknown) => error as ApiError,
  );
}

test.each([
  [429, { 'retry-after': '7' }, 7000],
  [503, { 'retry-after': '1' }, 1000],
  [429, { 'retry-after': '86400' }, 60_000],
  [429, { 'retry-after': 'Wed, 21 Oct 2065 07:28:00 GMT' }, 0],
  [429, {}, 0],
  [403, { 'retry-after': '7' }, 0],
])('status %i with %o is not to be asked again for %i ms', async (status, headers, retryAfterMs) => {
  const error = await refused(status, headers);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status, message: 'no', retryAfterMs });
});

test('a stream that is refused says so too', async () => {
  expect(await refused(429, { 'retry-after': '7' }, 'stream')).toMatchObject({ status: 429, retryAfterMs: 7000 });
});
