import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { report } from './fixtures.ts';
import { TraceReceiver } from './tracing/trace-receiver.ts';

const main = fileURLToPath(new URL('../../central-controller/main.ts', import.meta.url));
const running: ChildProcess[] = [];
const directories: string[] = [];

function start(...flags: string[]) {
  const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  const said = { out: '', error: '', code: undefined as number | null | undefined };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.error += text));
  const ended = once(child, 'close').then(([code]) => {
    said.code = code as number | null;
    return said;
  });
  return { child, said, ended };
}

function manifests(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'ballast-main-'));
  directories.push(directory);
  writeFileSync(join(directory, 'cluster.yaml'), text);
  return directory;
}

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

describe('the controller as a process', () => {
  it('serves from a directory of manifests and leaves on a signal', async () => {
    const { child, said, ended } = start('--manifests', manifests(NODE), '--listen', '127.0.0.1:0');
    await vi.waitFor(() => expect(said.out).toContain('listening at'), { timeout: 30_000 });
    const origin = /listening at (?<origin>http:[^"]+)/.exec(said.out)?.groups?.['origin'] ?? '';
    expect((await fetch(`${origin}/livez`)).status).toBe(200);
    expect(await (await fetch(`${origin}/api/v1/nodes`)).json()).toMatchObject({ nodes: [{ name: 'node-1' }] });
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
  });

  it('sends traces where the environment says, and has a line for each change, none for reports and requests', async () => {
    const receiver = new TraceReceiver();
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', await receiver.listen());
    vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '100');
    const { child, said, ended } = start('--manifests', manifests(NODE), '--listen', '127.0.0.1:0');
    vi.unstubAllEnvs();
    await vi.waitFor(() => expect(said.out).toContain('listening at'), { timeout: 30_000 });
    const origin = /listening at (?<origin>http:[^"]+)/.exec(said.out)?.groups?.['origin'] ?? '';
    const send = async (sequence: number): Promise<void> => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify(report('node-1', sequence));
      expect((await fetch(`${origin}/agent/v1/reports`, { method: 'POST', headers, body })).status).toBe(204);
    };
    for (let sequence = 1; sequence <= 4; sequence++) await send(sequence);
    await vi.waitFor(() => expect(said.out).toContain('agent reports'), { timeout: 10_000 });
    const lines = said.out.split('\n').length;
    for (let sequence = 5; sequence <= 20; sequence++) await send(sequence);
    await fetch(`${origin}/api/v1/nodes`);
    await fetch(`${origin}/metrics`);
    await vi.waitFor(() => expect(receiver.spans.filter(({ name }) => name === 'report').length).toBe(20), {
      timeout: 10_000,
    });
    expect(said.out.split('\n')).toHaveLength(lines);
    expect(receiver.spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['control loop', 'decision']));
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    await receiver.close();
  });

  it('says so when its address is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const { error, code } = await start('--manifests', manifests(NODE), '--listen', address).ended;
    taken.close();
    expect(error).toMatch(/--listen: .*EADDRINUSE.*\[INVALID_FLAG\]/);
    expect(code).toBe(1);
  });

  it.each([
    [['--manifests', '/nowhere'], /\/nowhere.*ENOENT.*\[INVALID_MANIFEST\]/],
    [['--manifests', '.', '--listen', 'everywhere'], /--listen: everywhere .*\[INVALID_FLAG\].*--help/],
    [['--manifests', '.', '--tick-ms', '5'], /--tick-ms: 5 .*\[INVALID_FLAG\]/],
    [['--manifests', '.', '--log-level', 'loud'], /--log-level/],
    [['--manifests', '.', '--cluster-domain', 'corp..example'], /--cluster-domain: corp\.\.example .*\[INVALID_FLAG\]/],
    [[], /--manifests/],
  ])('says what is wrong with the flags %j', async (flags, message) => {
    const { error, code } = await start(...flags).ended;
    expect(error).toMatch(message);
    expect(code).toBe(1);
  });
});

const NODE = `
apiVersion: v1
kind: Node
metadata: {name: node-1}
`;
