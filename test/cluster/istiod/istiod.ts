/** A real istiod as a child process: Istio's objects from files, Kubernetes' from the stub. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import { buildGoTool } from '../../../tools/go/build.ts';
import { startKubernetesStub, type StubObjects } from './kubernetes-stub.ts';

const START_MS = 60_000;

/** What the design asks of istiod, and what upstream Envoy cannot do switched off. */
const ENVIRONMENT = {
  PILOT_ENABLE_PERSISTENT_SESSION_FILTER: 'true',
  PILOT_ENABLE_METADATA_EXCHANGE: 'false',
  PILOT_ENABLE_ALPN_FILTER: 'false',
  PILOT_CERT_PROVIDER: 'none',
  ENABLE_CA_SERVER: 'false',
  XDS_AUTH: 'false',
  PILOT_ENABLE_GATEWAY_API: 'false',
  PILOT_ENABLE_STATUS: 'false',
  // The stub answers lists and watches, not the streamed lists that clients would rather have.
  KUBE_FEATURE_WatchListClient: 'false',
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port to be had');
  return address.port;
}

async function writeConfiguration(folder: string, apiPort: number, istioObjects: readonly Manifest[]): Promise<void> {
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'stub', cluster: { server: `http://127.0.0.1:${apiPort}` } }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'stub', context: { cluster: 'stub', user: 'nobody' } }],
    'current-context': 'stub',
  };
  await writeFile(join(folder, 'kubeconfig'), stringify(kubeconfig));
  await mkdir(join(folder, 'config'));
  await writeFile(join(folder, 'config/objects.yaml'), istioObjects.map((object) => stringify(object)).join('---\n'));
}

async function untilReady(child: ChildProcess, port: number, output: () => string): Promise<void> {
  const giveUp = Date.now() + START_MS;
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${port}/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    if (child.exitCode !== null || Date.now() > giveUp) throw new Error(`istiod did not start:\n${output()}`);
    await sleep(100);
  }
}

export interface Istiod extends AsyncDisposable {
  /** Discovery service without TLS. */
  readonly grpcPort: number;
  /** Debug interface. */
  readonly httpPort: number;
}

/** Builds istiod where the cache has none, and starts it on free ports of loopback. */
export async function startIstiod(kubernetes: StubObjects, istioObjects: readonly Manifest[]): Promise<Istiod> {
  const binary = await buildGoTool('istio/pilot-discovery');
  await using cleanup = new AsyncDisposableStack();
  const api = cleanup.use(await startKubernetesStub(kubernetes));
  const folder = await mkdtemp(join(tmpdir(), 'ballast-istiod-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  await writeConfiguration(folder, api.port, istioObjects);

  const ports = {
    grpc: await freePort(),
    http: await freePort(),
    monitoring: await freePort(),
    ctrlz: await freePort(),
  };
  const flags = {
    configDir: join(folder, 'config'),
    kubeconfig: join(folder, 'kubeconfig'),
    registries: 'Kubernetes',
    secureGRPCAddr: '',
    httpsAddr: '',
    grpcAddr: `127.0.0.1:${ports.grpc}`,
    httpAddr: `127.0.0.1:${ports.http}`,
    monitoringAddr: `127.0.0.1:${ports.monitoring}`,
    ctrlz_port: String(ports.ctrlz),
  };
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(binary, ['discovery', ...args], {
    cwd: folder,
    env: { ...process.env, ...ENVIRONMENT },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  cleanup.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  await untilReady(child, ports.http, () => output);
  const running = cleanup.move();
  return { grpcPort: ports.grpc, httpPort: ports.http, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
