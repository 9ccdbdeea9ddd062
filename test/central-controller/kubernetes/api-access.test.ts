/** Logins as kubectl does them, each seen by what an API server is sent. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { inClusterAccess, kubeconfigAccess } from '../../../central-controller/kubernetes/api-access.ts';
import { KubernetesClient } from '../../../central-controller/kubernetes/client.ts';
import type { KubeconfigFlags } from '../../../central-controller/kubernetes/kubeconfig-files.ts';
import { CERTIFICATE, KEY } from './test-certificate.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ballast-access-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | object): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** A program that logs in, written in Node. */
function program(name: string, code: string): string {
  const path = write(name, `#!${process.execPath}\n${code}`);
  chmodSync(path, 0o755);
  return path;
}

function config(server: string, user: object | null, more: object = {}, name = 'here'): object {
  return {
    'current-context': name,
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'shop' } }],
    clusters: [{ name, cluster: { server, ...more } }],
    users: user === null ? null : [{ name, user }],
  };
}

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An API server that refuses a given number of requests and records what it receives. */
async function apiServer(refusals = 0) {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer(({ headers }, response) => {
    seen.push(headers);
    response.writeHead(seen.length <= refusals ? 401 : 200, { 'content-type': 'application/json' }).end('{}');
  });
  return { url: `http://127.0.0.1:${await listening(server)}`, seen };
}

async function ask(flags: KubeconfigFlags, times = 1): Promise<void> {
  const client = new KubernetesClient(await kubeconfigAccess(flags));
  onTestFinished(() => client.close());
  for (let asked = 0; asked < times; asked += 1) await client.request('GET', '/version');
}

describe('the files of $KUBECONFIG', () => {
  test('are merged: a missing one is skipped, the first that names something counts, paths are those of each file', async () => {
    write('b/token', 'from-b\n');
    const a = write('a/config', { ...config('http://a:1', null, {}, 'one'), 'current-context': '' });
    const shadowed = { ...config('http://b:2', { tokenFile: 'token' }, {}, 'two'), 'current-context': 'two' };
    const b = write('b/config', shadowed);
    const c = write('c/config', config('http://c:3', {}, {}, 'two'));
    vi.stubEnv('KUBECONFIG', [join(folder, 'nowhere'), a, b, c].join(delimiter));
    const access = await kubeconfigAccess({});
    expect(access).toMatchObject({ server: 'http://b:2', namespace: 'shop' });
    expect((await access.login?.get())?.headers).toEqual({ Authorization: 'Bearer from-b' });
    const anonymous = write('d/config', {
      ...config('http://d:4', null),
      contexts: [{ name: 'x', context: { cluster: 'here' } }],
    });
    expect((await kubeconfigAccess({ kubeconfig: anonymous, context: 'x' })).server).toBe('http://d:4');
  });

  test('are ~/.kube/config where it is not set', async () => {
    write('.kube/config', config('http://home:1', {}));
    vi.stubEnv('KUBECONFIG', '');
    vi.stubEnv('HOME', folder);
    expect((await kubeconfigAccess({})).server).toBe('http://home:1');
  });

  test.each([
    [
      'no current context',
      { ...config('http://a:1', {}), 'current-context': '' },
      {},
      /current-context: is not set: name one with --context \(there are: here\)/,
    ],
    [
      'a context that is not there',
      config('http://a:1', {}),
      { context: 'x' },
      /contexts: there is none named x \(there are: here\)/,
    ],
    ['a user that is not there', config('http://a:1', null), {}, /users: there is none named here \(there are: none\)/],
    ['a cluster without a server', config('', {}), {}, /clusters: here: cluster\.server: is missing/],
    ['text that is no YAML', 'a: [', {}, /config: .+/],
  ])('with %s are refused by their names', async (_, content, flags, complaint) => {
    const kubeconfig = write('config', content);
    const access = kubeconfigAccess({ kubeconfig, ...flags });
    await expect(access).rejects.toThrow(complaint);
    await expect(access).rejects.toMatchObject({ code: 'INVALID_FLAG' });
  });

  test('that do not exist are refused by their names', async () => {
    await expect(kubeconfigAccess({ kubeconfig: join(folder, 'nowhere') })).rejects.toThrow(/nowhere: ENOENT/);
    vi.stubEnv('KUBECONFIG', join(folder, 'nowhere'));
    await expect(kubeconfigAccess({})).rejects.toThrow(/nowhere: there is no such file/);
  });

  test('with a current context alone in them, or users and contexts of null, are no hindrance to others', async () => {
    const first = write('first', { 'current-context': 'here', users: null, contexts: null, clusters: null });
    vi.stubEnv(
      'KUBECONFIG',
      [first, write('second', { ...config('http://a:1', {}), 'current-context': 'x' })].join(delimiter),
    );
    expect((await kubeconfigAccess({})).server).toBe('http://a:1');
  });
});

describe('a login by a program', () => {
  const TOKEN = `
    const { writeFileSync, existsSync, readFileSync } = require('node:fs');
    const count = existsSync(process.env.COUNT) ? Number(readFileSync(process.env.COUNT, 'utf8')) + 1 : 1;
    writeFileSync(process.env.COUNT, String(count));
    writeFileSync(process.env.COUNT + '.info', process.env.KUBERNETES_EXEC_INFO);
    const status = { token: process.argv[2] + count, ...JSON.parse(process.env.MORE ?? '{}') };
    console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }));`;

  function loginBy(env: Record<string, string> = {}, more: object = {}): object {
    program('bin/login', TOKEN);
    const variables = Object.entries({ COUNT: join(folder, 'count'), ...env }).map(([name, value]) => ({
      name,
      value,
    }));
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './bin/login',
      args: ['token-'],
      env: variables,
    };
    return { exec: { ...exec, ...more } };
  }

  test('is run once for many requests, from the folder of the file, and told about the cluster', async () => {
    const { url, seen } = await apiServer();
    const kubeconfig = write('config', config(url, loginBy({}, { provideClusterInfo: true })));
    await ask({ kubeconfig }, 3);
    expect(seen.map(({ authorization }) => authorization)).toEqual(Array(3).fill('Bearer token-1'));
    expect(JSON.parse(readFileSync(join(folder, 'count.info'), 'utf8'))).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: url } },
    });
  });

  test('is run again when its token has expired', async () => {
    const { url, seen } = await apiServer();
    const expired = JSON.stringify({ expirationTimestamp: '2020-01-01T00:00:00Z' });
    await ask({ kubeconfig: write('config', config(url, loginBy({ MORE: expired }))) }, 2);
    expect(new Set(seen.map(({ authorization }) => authorization)).size).toBe(2);
  });

  test('is run again when the API server refuses its token', async () => {
    const { url, seen } = await apiServer(1);
    await ask({ kubeconfig: write('config', config(url, loginBy())) });
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  test('that fails is named with what it says', async () => {
    program('bin/login', `console.error('not logged in: run cloud login'); process.exit(1);`);
    const kubeconfig = write('config', config('http://a:1', { exec: { command: './bin/login' } }));
    await expect(kubeconfigAccess({ kubeconfig })).rejects.toThrow(
      /users: exec: .*bin\/login failed: not logged in: run cloud login/,
    );
    const missing = write('other', config('http://a:1', { exec: { command: 'ballast-no-such-program' } }));
    await expect(kubeconfigAccess({ kubeconfig: missing })).rejects.toThrow(/ballast-no-such-program failed: .*ENOENT/);
  });
});

const jwt = [{ alg: 'none' }, { exp: 4_000_000_000 }].map((part) =>
  Buffer.from(JSON.stringify(part)).toString('base64url'),
);
const ID_TOKEN = `${jwt.join('.')}.x`;

test.each([
  ['a token', { token: 'secret' }, { authorization: 'Bearer secret' }],
  ['user and password', { username: 'me', password: 'secret' }, { authorization: `Basic ${btoa('me:secret')}` }],
  [
    'OIDC',
    {
      'auth-provider': {
        name: 'oidc',
        config: { 'id-token': ID_TOKEN, 'client-id': 'x', 'idp-issuer-url': 'https://idp' },
      },
    },
    { authorization: `Bearer ${ID_TOKEN}` },
  ],
  [
    'impersonation',
    { token: 'secret', as: 'bot', 'as-uid': 'u1', 'as-groups': ['a', 'b'], 'as-user-extra': { 'acme.com/x': ['1'] } },
    {
      'impersonate-user': 'bot',
      'impersonate-uid': 'u1',
      'impersonate-group': 'a, b',
      'impersonate-extra-acme.com%2fx': '1',
    },
  ],
])('a login by %s', async (_, user, headers) => {
  const { url, seen } = await apiServer();
  await ask({ kubeconfig: write('config', config(url, user)) });
  expect(seen).toMatchObject([headers]);
});

test('a login by the program of an auth-provider', async () => {
  const { url, seen } = await apiServer();
  const cmd = program(
    'gcloud',
    `console.log(JSON.stringify({ credential: { access_token: 'gcp', token_expiry: '2999-01-01' } }));`,
  );
  const provider = {
    name: 'gcp',
    config: {
      'cmd-path': cmd,
      'cmd-args': 'x',
      'token-key': '{.credential.access_token}',
      'expiry-key': '{.credential.token_expiry}',
    },
  };
  await ask({ kubeconfig: write('config', config(url, { 'auth-provider': provider })) });
  expect(seen).toMatchObject([{ authorization: 'Bearer gcp' }]);
});

test('TLS: the authority is a file beside the configuration, and the server may have another name', async () => {
  const server = createSecureServer({ cert: CERTIFICATE, key: KEY }, (_, response) => response.end('{}'));
  const url = `https://127.0.0.1:${await listening(server)}`;
  write('ca.crt', CERTIFICATE);
  const trusted = { 'certificate-authority': 'ca.crt' };
  await ask({ kubeconfig: write('config', config(url, {}, { ...trusted, 'tls-server-name': 'kube.test' })) });
  await expect(ask({ kubeconfig: write('other', config(url, {}, trusted)) })).rejects.toThrow(
    /IP: 127\.0\.0\.1 is not in/,
  );
  await expect(ask({ kubeconfig: write('blind', config(url, {})) })).rejects.toThrow(/self-signed/);
  await ask({ kubeconfig: write('careless', config(url, {}, { 'insecure-skip-tls-verify': true })) });
});

/** Joins a connection to the place that it asks for. */
function tunnel(socket: Socket, port: number, greeting: string | Uint8Array): void {
  const onwards = connect(port, '127.0.0.1', () => {
    socket.write(greeting);
    socket.pipe(onwards).pipe(socket);
  });
  onwards.on('error', () => socket.destroy());
  socket.on('error', () => onwards.destroy());
}

test('a proxy is gone through', async () => {
  const { url, seen } = await apiServer();
  const asked: string[] = [];
  const proxy = createServer().on('connect', ({ url: target = '' }, socket) => {
    asked.push(target);
    tunnel(socket as Socket, Number(target.split(':')[1]), 'HTTP/1.1 200 OK\r\n\r\n');
  });
  const proxyUrl = `http://127.0.0.1:${await listening(proxy)}`;
  await ask({ kubeconfig: write('config', config(url, { token: 'x' }, { 'proxy-url': proxyUrl })) });
  expect(asked).toEqual([new URL(url).host]);
  expect(seen).toMatchObject([{ authorization: 'Bearer x' }]);
});

test('so is a SOCKS proxy', async () => {
  const { url, seen } = await apiServer();
  let connections = 0;
  const proxy = createTcpServer((socket) => {
    connections += 1;
    socket.once('data', () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once('data', (request) => {
        tunnel(socket, request.readUInt16BE(request.length - 2), Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      });
    });
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void proxy.close());
  const proxyUrl = `socks5://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await ask({ kubeconfig: write('config', config(url, { token: 'x' }, { 'proxy-url': proxyUrl })) });
  expect([connections, seen.length]).toEqual([1, 1]);
});

describe("a pod's service account", () => {
  test('is read from its files, its token anew after a refusal', async () => {
    const { url, seen } = await apiServer(1);
    const account = 'var/run/secrets/kubernetes.io/serviceaccount';
    write(`${account}/token`, 'first');
    write(`${account}/namespace`, 'ballast-system\n');
    write(`${account}/ca.crt`, CERTIFICATE);
    vi.stubEnv('KUBERNETES_SERVICE_HOST', 'fd00::1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '6443');
    const access = await inClusterAccess(folder);
    expect(access).toMatchObject({ server: 'https://[fd00::1]:6443', namespace: 'ballast-system' });
    expect((await access.login?.get())?.tls).toEqual({ ca: Buffer.from(CERTIFICATE) });
    const client = new KubernetesClient({ ...access, server: url });
    onTestFinished(() => client.close());
    write(`${account}/token`, 'second');
    await client.request('GET', '/version');
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer first', 'Bearer second']);
  });

  test('is missed outside of a cluster, and in a pod without one', async () => {
    vi.stubEnv('KUBERNETES_SERVICE_HOST', undefined);
    await expect(inClusterAccess(folder)).rejects.toThrow('not in a pod of a cluster: name a --kubeconfig');
    vi.stubEnv('KUBERNETES_SERVICE_HOST', '10.0.0.1');
    vi.stubEnv('KUBERNETES_SERVICE_PORT', '443');
    await expect(inClusterAccess(folder)).rejects.toThrow(/--kubernetes: ENOENT/);
  });
});

test('no class of the Kubernetes API is loaded for it', async () => {
  const module = join(import.meta.dirname, '../../../central-controller/kubernetes/client-node.ts');
  const code = `
    import { loadKubeConfig } from ${JSON.stringify(module)};
    import ${JSON.stringify(join(import.meta.dirname, '../../../node_modules/undici/index.js'))};
    const used = () => { gc(); return process.memoryUsage().heapUsed / 2 ** 20; };
    const before = used();
    const KubeConfig = await loadKubeConfig();
    if (typeof new KubeConfig().loadFromString !== 'function') throw new Error('it is no KubeConfig');
    console.log(used() - before);`;
  const script = write('measure.mts', code);
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script]);
  expect(existsSync(script)).toBe(true);
  // The whole package takes 24 MB of heap, and 77 MB of memory in all.
  expect(Number(stdout)).toBeLessThan(10);
});
