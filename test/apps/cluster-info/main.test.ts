import { expect, test } from 'vitest';
import { startService } from '../support/service-process.ts';

const MAIN = 'apps/cluster-info/main.ts';
const JSON_PLEASE = { headers: { accept: 'application/json' } };

test('a replica knows itself from the environment that Kubernetes gives it', async () => {
  const environment = { POD_NAME: 'cluster-info-x', POD_IP: '10.1.2.3', NODE_NAME: 'node-9', APP_VERSION: '1.0.1' };
  const { url, stop } = await startService(MAIN, [], environment);
  const answer = await fetch(url, JSON_PLEASE);
  expect(await answer.json()).toEqual({ podIp: '10.1.2.3', node: 'node-9', version: '1.0.1' });
  expect(answer.headers.get('x-served-by')).toBe('cluster-info-x');
  expect((await fetch(new URL('/chat', url))).status).toBe(200);
  expect((await fetch(new URL('/readyz', url))).status).toBe(200);
  expect(await stop()).toBe(0);
});

test('flags win over the environment, and there are defaults for all', async () => {
  const { url } = await startService(MAIN, ['--version', '1.0.0', '--node', 'here', '--work-ms', '1'], {
    APP_VERSION: '1.0.1',
  });
  const answer = await fetch(url, JSON_PLEASE);
  expect(await answer.json()).toEqual({ podIp: '127.0.0.1', node: 'here', version: '1.0.0' });
  expect((await fetch(new URL('/chat', url))).status).toBe(404);
});

test.each([
  [['--version', 'new'], '--version new (or APP_VERSION) is not of the form 1.0.0'],
  [['--work-ms', 'much'], '--work-ms much is not a number of milliseconds from 0 to 1000'],
  [['--work-ms', '-1'], '--work-ms -1 is not a number'],
  [['--work-ms', ''], '--work-ms  is not a number'],
  [['--port', '80'], "unknown option '--port'"],
])('%j is refused with what is wrong', async (flags, says) => {
  await expect(startService(MAIN, flags)).rejects.toThrow(says);
});
