import { expect, test } from 'vitest';
import { type Replica, createServer, hasChat, parseVersion } from '../../../apps/cluster-info/server.ts';

const REPLICA: Replica = { podIp: '10.0.0.7', node: 'node-2', version: '1.0.0', workMs: 0 };

test('says its address and its node, as text or as JSON', async () => {
  const server = createServer(REPLICA);
  for (const accept of [undefined, '*/*', 'text/html,*/*;q=0.8']) {
    const answer = await server.inject({ url: '/', headers: accept === undefined ? {} : { accept } });
    expect(answer.body).toBe('pod 10.0.0.7 on node node-2, version 1.0.0\n');
    expect(answer.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', vary: 'accept' });
  }
  const answer = await server.inject({ url: '/', headers: { accept: 'application/json' } });
  expect(answer.json()).toEqual({ podIp: '10.0.0.7', node: 'node-2', version: '1.0.0' });
});

test('/chat is there from version 1.0.1 on', async () => {
  const before = await createServer(REPLICA).inject('/chat');
  expect(before.statusCode).toBe(404);
  const after = await createServer({ ...REPLICA, version: '1.0.1' }).inject('/chat');
  expect(after).toMatchObject({ statusCode: 200, body: 'Hello from pod 10.0.0.7, version 1.0.1\n' });
});

test('a request takes the CPU time that it is to take', async () => {
  const server = createServer({ ...REPLICA, workMs: 20 });
  await server.ready();
  const before = process.cpuUsage();
  for (let sent = 0; sent < 5; sent++) await server.inject('/');
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeGreaterThanOrEqual(100);
});

test.each([
  ['0.9.9', false],
  ['1.0.0', false],
  ['1.0.1', true],
  ['1.0.10', true],
  ['1.1.0', true],
  ['2.0.0', true],
])('%s has /chat: %s', (version, has) => {
  expect(hasChat(parseVersion(version) ?? [])).toBe(has);
});

test.each(['', '1', '1.0', 'v1.0.1', '1.0.1-rc', '1.0.1.2', '1.0.-1', '1.0.1 ', '1.0.12345678'])(
  '%j is no version',
  (text) => {
    expect(parseVersion(text)).toBeUndefined();
  },
);
