/**
 * A small HTTP server for JSON answers. It uses `node:http` without a framework, because a request of this application
 * costs little more than its HTTP handling: a framework was measured to cost more than all the rest.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Query, RequestError } from './query.ts';
import { type TraceHeaders, traceHeaders } from '../../service/trace.ts';

// An import statement would evaluate every export of node:http, including the implementation of fetch (35 ms, 15 MB).
const { createServer } = process.getBuiltinModule('node:http');

interface Call {
  readonly query: Query;
  /** Headers that every call made for this request repeats. */
  readonly trace: TraceHeaders;
}

/** Returns a value that is sent as JSON with status 200; throws RequestError for any other status. */
type Handler = (call: Call) => unknown;

/** Handlers by path. GET and POST are equal and have their fields in the query, as in the original. */
export type Routes = Readonly<Record<string, Handler>>;

export interface HttpServer {
  /** The port in use. For port 0 it is the one that the system chose. */
  readonly port: number;
  /** Makes the server not ready and refuses new connections; resolves after the last request has been answered. */
  drain(): Promise<void>;
}

/** Starts to listen; rejects if the address is taken or invalid. Each response names `pod` in `x-served-by`. */
export async function serve(routes: Routes, address: { host: string; port: number }, pod: string): Promise<HttpServer> {
  const handlers = new Map(Object.entries(routes));
  let draining = false;

  function send(response: ServerResponse, status: number, answer: unknown): void {
    const body = JSON.stringify(answer);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-served-by': pod,
      ...(draining && { connection: 'close' }),
    });
    response.end(body);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    try {
      if (path === '/livez') return send(response, 200, { status: 'ok' });
      if (path === '/readyz') return send(response, draining ? 503 : 200, { status: draining ? 'draining' : 'ok' });
      const handler = handlers.get(path);
      if (!handler) throw new RequestError(404, `${path} is not served here: ${[...handlers.keys()].join(', ')} are`);
      if (request.method !== 'GET' && request.method !== 'POST') throw new RequestError(405, 'only GET and POST');
      const query = new Query(new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)));
      send(response, 200, await handler({ query, trace: traceHeaders(request.headers) }));
    } catch (error) {
      if (error instanceof RequestError) return send(response, error.status, { message: error.message });
      console.error(`${path}:`, error);
      send(response, 500, { message: 'an error in this service; its log has the details' });
    }
  }

  const server: Server = createServer((request, response) => void answer(request, response));
  // The caller is a sidecar that keeps its connections. Closing an idle one could hit a request that is on its way.
  server.keepAliveTimeout = 0;
  await new Promise<void>((listening, failed) => {
    server.once('error', failed);
    server.listen(address.port, address.host, listening);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : address.port,
    drain: () =>
      new Promise((closed) => {
        draining = true;
        server.close(() => closed());
      }),
  };
}
