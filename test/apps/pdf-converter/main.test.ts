/** The program: its flags, its end, and replicas that find each other in a folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { pageOf, picture } from './pictures.ts';
import { convert, formWith } from './replicas.ts';

const MAIN = fileURLToPath(new URL('../../../apps/pdf-converter/main.ts', import.meta.url));

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

interface Program {
  readonly url: string;
  readonly process: ChildProcess;
}

/** Resolves once it serves; rejects with what it printed where it ends before. */
async function start(flags: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Program> {
  const child = spawn(process.execPath, [MAIN, ...flags], { env: { ...process.env, ...environment } });
  started.push(child);
  let printed = '';
  child.stderr.on('data', (text) => (printed += String(text)));
  for await (const line of createInterface({ input: child.stdout })) {
    const url = / serves on (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return { url, process: child };
    printed += `${line}\n`;
  }
  throw new Error(printed);
}

test('replicas that see one folder serve each other’s results', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pdf-replicas-'));
  try {
    const programs = await Promise.all(
      [1, 2].map((number) =>
        start(['--listen', `127.20.8.${number}:18080`, '--peers-folder', join(folder, 'replicas')], {
          POD_NAME: `pdf-converter-${number}`,
        }),
      ),
    );
    const [first, second] = programs;
    const response = await convert(first?.url ?? '', formWith(await picture([10, 200, 30])), 'application/json');
    const fetched = await fetch(new URL(response.headers.get('location') ?? '', second?.url));
    expect(fetched.headers.get('x-served-by')).toBe('pdf-converter-2');
    expect(await pageOf(await fetched.bytes())).toBeDefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('ends when told so, after the requests that it has', async () => {
  const { url, process: child } = await start(['--listen', '127.0.0.1:0']);
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const answers = [1, 2, 3].map(async () => convert(url, formWith(await picture([1, 2, 3], [9, 9, 9]))));
  await Promise.race(answers);
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  for (const { status } of await Promise.all(answers)) expect(status).toBe(200);
  expect(await exit).toEqual([0, null]);
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
