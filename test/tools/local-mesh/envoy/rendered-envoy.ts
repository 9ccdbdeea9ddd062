/** Real Envoys started from rendered configurations, and plain HTTP servers in the place of replicas. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureEnvoy } from '../../../../tools/local-mesh/envoy/install.ts';
import { ADMIN_PORT, type EnvoyObject } from '../../../../tools/local-mesh/envoy/proxy.ts';

const run = promisify(execFile);
const START_MS = 30_000;

async function inFile<T>(config: EnvoyObject, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ballast-rendered-'));
  try {
    const file = join(folder, 'envoy.json');
    await writeFile(file, JSON.stringify(config));
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Envoy's validation of a configuration. Throws with Envoy's message when it refuses. */
export async function validate(config: EnvoyObject): Promise<string> {
  const envoy = await ensureEnvoy();
  return inFile(config, async (file) => {
    const { stdout, stderr } = await run(envoy, ['--mode', 'validate', '-l', 'warning', '-c', file]);
    return stdout + stderr;
  });
}

/** Starts an Envoy that listens on addresses of `ip`, and waits until it is ready. */
export async function startRendered(config: EnvoyObject, ip: string): Promise<AsyncDisposable> {
  const envoy = await ensureEnvoy();
  return inFile(config, async (file) => {
    const args = ['-c', file, '-l', 'error', '--concurrency', '1', '--disable-hot-restart'];
    const child = spawn(envoy, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const said = text(child.stderr);
    const exited = once(child, 'exit');
    const stop = async () => {
      child.kill('SIGKILL');
      await exited;
    };
    const giveUp = Date.now() + START_MS;
    for (;;) {
      const ready = await get(ip, ADMIN_PORT, '/ready', {}).catch(() => undefined);
      if (ready?.status === 200) return { [Symbol.asyncDispose]: stop };
      if (child.exitCode !== null || Date.now() > giveUp) {
        await stop();
        throw new Error(`Envoy did not start:\n${await said}`);
      }
      await sleep(50);
    }
  });
}

/** A replica: answers with its name and the headers that reached it. */
export async function startReplica(name: string, ip: string, port: number): Promise<AsyncDisposable> {
  const server = createServer((incoming, response) =>
    response.end(JSON.stringify({ name, headers: incoming.headers })),
  );
  server.listen(port, ip);
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request on a connection of its own. Node's `fetch` would not let the Host header be chosen. */
export async function get(ip: string, port: number, path: string, headers: Record<string, string>): Promise<Answer> {
  const outgoing = request({ host: ip, port, path, headers, agent: false });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await text(response) };
}
