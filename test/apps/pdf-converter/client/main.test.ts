/** The client, against converters and against what is none. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startReplicas } from '../replicas.ts';

const PROGRAM = join(import.meta.dirname, '../../../../apps/pdf-converter/client/main.ts');
const run = promisify(execFile);

interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function client(...args: string[]): Promise<Printed> {
  return run(process.execPath, [PROGRAM, ...args]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Printed) => error,
  );
}

function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ballast-pdf-client-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('sends so many pictures from so many clients, and shows the distribution', async () => {
  const [replica] = await startReplicas(1);
  onTestFinished(async () => replica?.close());
  const folder = testFolder();
  const plot = join(folder, 'times.svg');
  const { code, stdout } = await client(
    '--url',
    replica?.url ?? '',
    '--pictures',
    '7',
    '--clients',
    '3',
    '--plot',
    plot,
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/^7 pictures from 3 clients, \d+\.\d PDFs a second, 0 failed$/m);
  expect(stdout).toMatch(/^ms: mean [\d.]+, deviation [\d.]+, min [\d.]+, p50 [\d.]+, p90 .*, max [\d.]+$/m);
  expect(stdout).toMatch(/^pdf-converter-0: 7$/m);
  expect(stdout).toMatch(/one in twenty takes \d+\.\d times the median or more\.$/m);
  const svg = readFileSync(plot, 'utf8');
  expect(svg).toContain('7 pictures from 3 clients');
  expect(svg).toMatch(/<rect .*fill="#8c959f"\/>/);
});

test('sends for so long, prints JSON and plots a PNG', async () => {
  const [replica] = await startReplicas(1);
  onTestFinished(async () => replica?.close());
  const plot = join(testFolder(), 'times.png');
  const { code, stdout } = await client('--url', replica?.url ?? '', '--duration', '500ms', '--json', '--plot', plot);
  expect(code).toBe(0);
  const found = JSON.parse(stdout);
  expect(found).toMatchObject({ clients: 1, failed: 0, replicas: { 'pdf-converter-0': found.requests } });
  expect(found.p50Ms).toBeLessThanOrEqual(found.p99Ms);
  // The signature, the chunk IHDR, and in it width and height.
  const png = readFileSync(plot);
  expect(png.toString('latin1', 1, 4)).toBe('PNG');
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1800, 960]);
});

test('goes on where requests fail, and tells how many and why', async () => {
  const paths = new Set<string>();
  const server = createServer((request, response) => {
    paths.add(`${request.url} ${request.headers.authorization}`);
    request.resume().on('end', () => response.writeHead(503, { 'x-served-by': 'r' }).end('{"code":"BUSY"}'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const url = `http://me:secret@127.0.0.1:${port}/pdf/?a=b`;
  const { code, stdout } = await client('--url', url, '--pictures', '4', '--clients', '2');
  expect(code).toBe(1);
  expect(stdout).toContain('4 pictures from 2 clients, 0.0 PDFs a second, 4 failed');
  expect(stdout).toContain('the first failure: status 503: {"code":"BUSY"}');
  expect(stdout).toContain('No picture was converted.');
  expect(stdout).not.toContain('secret');
  expect([...paths]).toEqual([`/pdf/?a=b Basic ${Buffer.from('me:secret').toString('base64')}`]);
});

test.each([
  [['--url', 'here'], '--url here is not an http:// or https:// URL', 2],
  [['--pictures', '0'], '--pictures 0 is not a whole number from 1 to 1000000', 2],
  [['--clients', '1e3'], '--clients 1e3 is not a whole number from 1 to 1000', 2],
  [['--duration', 'long'], '--duration long is not a time such as 30s', 2],
  [['--plot', 'times.pdf'], '--plot times.pdf is not a file named *.svg or *.png', 2],
  [['--picture', '/nowhere.jpg'], '--picture /nowhere.jpg cannot be read', 2],
])('refuses %j', async (args, says, code) => {
  expect(await client(...args)).toMatchObject({ code, stderr: expect.stringContaining(says) });
});
