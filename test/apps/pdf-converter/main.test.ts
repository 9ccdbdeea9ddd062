/** The program: its flags, its end, and replicas that find each other in a folder. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type ServiceProcess, startService } from '../support/service-process.ts';
import { pageOf, picture } from './pictures.ts';
import { convert, formWith } from './replicas.ts';

async function start(
  flags: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  return startService('apps/pdf-converter/main.ts', flags, environment);
}

test('replicas that see one folder serve each other’s results', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pdf-replicas-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const [first, second] = await Promise.all(
    [1, 2].map(async (number) =>
      start(['--listen', `127.20.8.${number}:18080`, '--peers-folder', join(folder, 'replicas')], {
        POD_NAME: `pdf-converter-${number}`,
      }),
    ),
  );
  const response = await convert(first?.url.href ?? '', formWith(await picture([10, 200, 30])), 'application/json');
  const fetched = await fetch(new URL(response.headers.get('location') ?? '', second?.url));
  expect(fetched.headers.get('x-served-by')).toBe('pdf-converter-2');
  expect(await pageOf(await fetched.bytes())).toBeDefined();
});

test('replicas on port 0 of one address serve each other’s results', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pdf-replicas-'));
  onTestFinished(async () => rm(folder, { recursive: true }));
  const [first, second] = await Promise.all(
    [1, 2].map(async (number) =>
      start(['--listen', '127.0.0.1:0', '--peers-folder', folder], { POD_NAME: `pdf-converter-${number}` }),
    ),
  );
  expect((await readdir(folder)).toSorted()).toEqual([first?.url.host, second?.url.host].toSorted());
  for (const [one, other] of [
    [first, second],
    [second, first],
  ]) {
    const response = await convert(one?.url.href ?? '', formWith(await picture([10, 200, 30])), 'application/json');
    expect((await fetch(new URL(response.headers.get('location') ?? '', other?.url))).status).toBe(200);
  }
});

test('ends when told so, after the requests that it has', async () => {
  const replica = await start([]);
  expect((await fetch(new URL('/readyz', replica.url))).status).toBe(200);
  const answers = [1, 2, 3].map(async () => convert(replica.url.href, formWith(await picture([1, 2, 3], [9, 9, 9]))));
  await Promise.race(answers);
  const exit = replica.stop();
  for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  expect(await exit).toBe(0);
});

describe('flags', () => {
  test.each([
    [['--listen', 'here'], /--listen here is not of the form ip:port/],
    [['--max-pixels', 'many'], /'many' is invalid.*above 0, at most 1000/],
    [['--keep', '2 weeks'], /'2 weeks' is invalid.*such as 30s, 10m or 1h/],
  ])('%j are refused with the reason', async (flags, message) => {
    await expect(start(flags)).rejects.toThrow(message);
  });

  test('are told by --help', async () => {
    await expect(start(['--help'])).rejects.toThrow(/--peers <name:port>/);
  });
});
