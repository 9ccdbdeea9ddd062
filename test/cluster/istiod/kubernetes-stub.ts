/**
 * The read side of a Kubernetes API server, as far as istiod needs it to take objects for a cluster's: lists, and
 * watches on which nothing ever happens. Writes are refused; istiod lives with that.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEFAULT_PAIR, kubernetesRelease } from '../../../tools/install/versions.ts';

interface StubObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Objects by the plural name of their kind, such as `services`. */
export type StubObjects = Readonly<Record<string, readonly StubObject[]>>;

function answer(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function status(code: number, reason: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code, reason };
}

const COLLECTION = /^\/(?:api\/v1|apis\/[^/]+\/[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[a-z]+)$/;

function handle(request: IncomingMessage, response: ServerResponse, objects: StubObjects): void {
  const url = new URL(request.url ?? '/', 'http://stub');
  if (request.method !== 'GET') return answer(response, 403, status(403, 'Forbidden'));
  if (url.pathname === '/version') {
    const [major = '', minor = ''] = DEFAULT_PAIR.kubernetes.split('.');
    const gitVersion = `v${kubernetesRelease(DEFAULT_PAIR.kubernetes).version}`;
    return answer(response, 200, { major, minor, gitVersion });
  }
  const { namespace, plural } = COLLECTION.exec(url.pathname)?.groups ?? {};
  if (plural === undefined) return answer(response, 404, status(404, 'NotFound'));
  if (url.searchParams.has('watch')) {
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    return undefined;
  }
  const items = (objects[plural] ?? []).filter(
    ({ metadata }) => namespace === undefined || metadata.namespace === namespace,
  );
  const { apiVersion = 'v1', kind = '' } = items[0] ?? {};
  return answer(response, 200, { kind: `${kind}List`, apiVersion, metadata: { resourceVersion: '1' }, items });
}

export interface KubernetesStub extends AsyncDisposable {
  readonly port: number;
}

/** Serves the objects on a free port of loopback. */
export async function startKubernetesStub(objects: StubObjects): Promise<KubernetesStub> {
  const server: Server = createServer((request, response) => handle(request, response, objects));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
