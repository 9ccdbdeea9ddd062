/** The controller keeps to its OpenAPI document for any request; `npm run bench -- fuzz` runs longer. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { bench } from '../bench/fuzz/main.ts';
import { endlessPaths, fuzz } from '../bench/fuzz/schemathesis.ts';

const signal = new AbortController().signal;

test('of the requests made in twenty seconds none leads to a 5xx, or to what is not documented', async () => {
  const said: string[] = [];
  const options = { seconds: '20', seed: '1' };
  const { summary } = await bench.run({ options, signal, progress: (line) => void said.push(line) });
  expect(summary, said.join('\n')).toMatchObject({ server_errors: 0, findings: 0, errors: 0 });
  expect(summary['operations']).toBeGreaterThan(25);
});

test('a path whose answer does not end is left out, whatever the method', () => {
  const answer = (type: string) => ({ responses: { 200: { content: { [type]: {} } }, 404: {} } });
  const paths = {
    '/lines': { post: answer('application/x-ndjson') },
    '/events': { get: answer('text/event-stream') },
    '/one': { get: answer('application/json'), post: {} },
  };
  expect(endlessPaths({ paths })).toEqual(['/lines', '/events']);
});

test('a server that fails and one that breaks its word would be found', async () => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.writeHead(request.url === '/fails' ? 500 : 200).end('"text"');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const folder = mkdtempSync(join(tmpdir(), 'ballast-fuzz-'));
  onTestFinished(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const document = join(folder, 'openapi.json');
  const answer = { description: '', content: { 'application/json': { schema: { type: 'integer' } } } };
  const get = { get: { responses: { 200: answer, default: answer } } };
  const described = { openapi: '3.1.0', info: { title: 'x', version: '1' }, paths: { '/fails': get, '/lies': get } };
  writeFileSync(document, JSON.stringify(described));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { report } = await fuzz({ document, origin, seconds: 8, seed: 1, rate: 100, folder, signal });
  const found = Object.fromEntries(report.failures.map(({ title, operations }) => [title, operations.join()]));
  expect(found['Server error']).toMatch(/ \/fails$/);
  expect(found['Response violates schema']).toMatch(/ \/lies$/);
});
