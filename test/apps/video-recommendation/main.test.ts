import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { HELP, readFlags } from '../../../apps/video-recommendation/flags.ts';
import { startService } from '../support/service-process.ts';

const MAIN = 'apps/video-recommendation/main.ts';
const PROGRAM = join(import.meta.dirname, '../../..', MAIN);

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

test.each(['user-service', 'video-service', 'video-recommendation'])(
  '%s serves, and ends when told',
  async (service) => {
    const replica = await startService(MAIN, ['--service', service], { POD_NAME: `${service}-2` });
    const response = await fetch(new URL('/readyz', replica.url), { headers: { connection: 'close' } });
    expect([response.status, response.headers.get('x-served-by')]).toEqual([200, `${service}-2`]);
    await response.text();
    expect(await replica.stop()).toBe(0);
  },
);

test('finds the others where the environment says', async () => {
  const users = await startService(MAIN, ['--service', 'user-service']);
  const videos = await startService(MAIN, ['--service', 'video-service']);
  const addresses = { 'user-service': users.url.host, 'video-service': videos.url.host };
  const flags = ['--service', 'video-recommendation'];
  const { url } = await startService(MAIN, flags, { SERVICE_ADDRESSES: JSON.stringify(addresses) });
  const response = await fetch(new URL('/recommendations/7?limit=2', url));
  expect(await response.json()).toMatchObject({ user: '7', stale: false, videos: [{}, {}] });
});

test('finds the others where the flags say, says when the list is renewed, and takes any name for a user', async () => {
  const users = await startService(MAIN, ['--service', 'user-service', '--batch-size', '10']);
  const videos = await startService(MAIN, ['--service', 'video-service', '--batch-size', '10']);
  const hosts = ['--user-service', users.url.host, '--video-service', videos.url.host, '--batch-size', '10'];
  const replica = await startService(MAIN, ['--service', 'video-recommendation', ...hosts]);
  const response = await fetch(new URL('/recommendations/alice@example.org?limit=2', replica.url));
  expect(await response.json()).toMatchObject({ user: 'alice@example.org', stale: false, videos: [{}, {}] });
  await expect.poll(() => replica.printed()).toMatch(/^\S+: trending videos renewed: 100 videos, the first is \d+$/m);
});

test('runs one of each with one command', async () => {
  const child = spawn(process.execPath, [PROGRAM, '--service', 'all', '--listen', '127.20.8.1:8080']);
  children.push(child);
  await expect
    .poll(async () => (await fetch('http://127.20.8.1:8080/recommendations/7').catch(() => undefined))?.status, {
      timeout: 30_000,
    })
    .toBe(200);
  const answer = await fetch('http://127.20.8.1:8080/recommendations/7', { headers: { connection: 'close' } });
  expect(await answer.json()).toMatchObject({ user: '7', stale: false });
  child.kill('SIGTERM');
  await once(child, 'exit');
  for (const port of [8080, 8081, 8082]) await expect(fetch(`http://127.20.8.1:${port}/livez`)).rejects.toThrow();
});

test('runs one of each on free ports', async () => {
  const child = spawn(process.execPath, [PROGRAM, '--service', 'all', '--listen', '127.0.0.1:0']);
  children.push(child);
  let printed = '';
  child.stdout.on('data', (text) => (printed += String(text)));
  await expect.poll(() => /^(http:\S+) serves all/m.exec(printed)?.[1], { timeout: 60_000 }).toBeDefined();
  const [, url] = /^(http:\S+) serves all/m.exec(printed) ?? [];
  const answer = await fetch(`${url}recommendations/7`, { headers: { connection: 'close' } });
  expect(await answer.json()).toMatchObject({ user: '7', stale: false });
  expect(new Set(printed.match(/serves on \S+/g)).size).toBe(3);
  child.kill('SIGTERM');
  await once(child, 'exit');
});

test('says what is wrong with the environment', async () => {
  const child = spawn(process.execPath, [PROGRAM, '--service', 'video-recommendation'], {
    env: { ...process.env, SERVICE_ADDRESSES: '{"user-service":1}' },
  });
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  expect(await once(child, 'exit')).toEqual([2, null]);
  expect(said).toContain('SERVICE_ADDRESSES: user-service: 1 is not host:port such as');
});

describe('flags', () => {
  test('have defaults', () => {
    expect(readFlags(['--service', 'user-service'])).toEqual({
      ok: true,
      value: {
        service: 'user-service',
        listen: '127.0.0.1:8081',
        hosts: {},
        maxBatchSize: 50,
        defaultLimit: 20,
        poolSize: 4,
        deadlineMs: 2000,
      },
    });
  });

  test('of the version before are read', () => {
    const read = readFlags(['--service', 'user-service', '--max-batch-size', '20']);
    expect(read).toMatchObject({ ok: true, value: { maxBatchSize: 20 } });
  });

  test('are all in the help', () => {
    expect(readFlags(['--help'])).toEqual({ ok: true, value: 'help' });
    const flags = ['service', 'listen', 'batch-size', 'default-limit', 'client-pool-size', 'deadline-ms'];
    for (const flag of [...flags, 'user-service', 'video-service']) expect(HELP).toContain(`--${flag} `);
  });

  test.each([
    [[], /--service must be one of video-recommendation, user-service, video-service, all/],
    [['--service', 'hotel'], /--service must be one of/],
    [['--service', 'user-service', '--batch-size', '0'], /--batch-size 0 is not a whole number from 1 to 250/],
    [['--service', 'user-service', '--user-service', 'users:80'], /--user-service is for video-recommendation/],
    [['--service', 'all', '--user-service', 'users'], /--user-service users is not host:port such as/],
    [
      ['--service', 'all', '--video-service', 'http://videos:80'],
      /--video-service http:\/\/videos:80 is not host:port/,
    ],
    [['--service', 'all', '--video-service', 'videos:0'], /--video-service videos:0 is not host:port/],
    [['--service', 'all', '--video-service', 'videos:65536'], /--video-service videos:65536 is not host:port/],
    [
      ['--service', 'all', '--video-service', 'me:secret@videos:80'],
      /--video-service \*\*\*@videos:80 is not host:port/,
    ],
    [['--service', 'user-service', '--default-limit', '101'], /--default-limit 101 /],
    [['--service', 'user-service', '--client-pool-size', 'x'], /--client-pool-size x /],
    [['--service', 'user-service', '--deadline-ms', '1e3'], /--deadline-ms 1e3 /],
    [['--port', '80'], /Unknown option '--port'/],
  ])('refuse %j', (args, message) => {
    expect(readFlags(args)).toMatchObject({
      ok: false,
      failure: { code: 'INVALID_FLAG', message: expect.stringMatching(message) },
    });
  });
});
