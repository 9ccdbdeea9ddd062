/** gRPC over HTTP/2, websockets, long streams and large bodies through both sidecars. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import {
  connect as connectHttp2,
  constants,
  createServer as createHttp2Server,
  type ClientHttp2Stream,
  type Http2Server,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { request } from 'undici';
import { expect, it } from 'vitest';
import { Chain, HOST } from './support/chain.ts';

async function listening(server: Server | Http2Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const GRPC = { ':status': 200, 'content-type': 'application/grpc' };

/** Answers by the path: with a status in trailers, with a status and no body, or with the request's body. */
function answerGrpc(stream: ServerHttp2Stream, path: string): void {
  const [, kind, status = '0'] = path.split('/');
  stream.on('error', () => undefined);
  if (kind === 'headers') {
    stream.respond({ ...GRPC, 'grpc-status': status }, { endStream: true });
    return;
  }
  stream.respond(GRPC, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
  if (kind === 'echo') stream.pipe(stream);
  else stream.end('reply');
}

interface GrpcAnswer {
  readonly body: string;
  /** From the trailers, or from the headers where there is no body. */
  readonly status: string | undefined;
}

async function finished(stream: ClientHttp2Stream): Promise<GrpcAnswer> {
  let status: string | undefined;
  const note = (headers: Record<string, unknown>): void => {
    const value = headers['grpc-status'];
    if (typeof value === 'string') status = value;
    expect(Object.keys(headers).filter((name) => name.startsWith('x-lb-'))).toEqual([]);
  };
  stream.on('response', note).on('trailers', note);
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return { body: Buffer.concat(parts).toString(), status };
}

it('gRPC: bodies, streams and statuses pass, and failures are counted by the status', async () => {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => answerGrpc(stream, String(headers[':path'])));
  await using chain = await Chain.start(await listening(server));
  const client = connectHttp2(`http://${chain.entry}`);
  const call = (path: string): ClientHttp2Stream =>
    client.request({
      ':method': 'POST',
      ':path': path,
      ':authority': HOST,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
  const unary = (path: string): Promise<GrpcAnswer> => {
    const stream = call(path);
    stream.end('question');
    return finished(stream);
  };
  try {
    expect(await unary('/trailers/0')).toEqual({ body: 'reply', status: '0' });
    expect(await unary('/trailers/13')).toEqual({ body: 'reply', status: '13' });
    expect(await unary('/headers/5')).toEqual({ body: '', status: '5' });
    expect(await unary('/headers/13')).toEqual({ body: '', status: '13' });
    await chain.untilCounted({ requests: 4, failures: 2, inFlight: 0 });

    const stream = call('/echo/0');
    const whole = finished(stream);
    stream.write('first,');
    await once(stream, 'response');
    await chain.untilCounted({ requests: 4, failures: 2, inFlight: 1 });
    stream.end('second');
    expect(await whole).toEqual({ body: 'first,second', status: '0' });
    await chain.untilCounted({ requests: 5, failures: 2, inFlight: 0 });

    // Istio's default policy tries twice more what is unavailable: one call to its caller, three to the replica.
    expect(await unary('/headers/14')).toEqual({ body: '', status: '14' });
    await chain.untilCounted({ requests: 6, failures: 3, inFlight: 0 }, { requests: 8, failures: 5, inFlight: 0 });
  } finally {
    client.destroy();
    server.close();
  }
  expect(chain.complaints).toEqual([]);
});

async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.includes(end)) text += String((await once(socket, 'data'))[0]);
  return text;
}

it('a websocket: both ways, in flight until it is closed', async () => {
  const server = createServer();
  const open = new Set<Socket>();
  server.on('upgrade', (_request, socket: Socket) => {
    open.add(socket);
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  await using chain = await Chain.start(await listening(server));
  const { hostname, port } = new URL(`http://${chain.entry}`);
  const socket = connect(Number(port), hostname);
  try {
    socket.write(`GET / HTTP/1.1\r\nhost: ${HOST}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n`);
    const head = await readUntil(socket, '\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 101 /);
    expect(head).not.toContain('x-lb-');
    for (const message of ['ping', 'pong']) {
      socket.write(message);
      expect(await readUntil(socket, message)).toBe(message);
    }
    await chain.untilCounted({ requests: 0, failures: 0, inFlight: 1 });
    socket.end();
    await chain.untilCounted({ requests: 1, failures: 0, inFlight: 0 });
  } finally {
    socket.destroy();
    for (const held of open) held.destroy();
    server.close();
  }
  expect(chain.complaints).toEqual([]);
});

it('a long stream of events: in flight until it ends', async () => {
  const server = createServer((_request, response) => response.writeHead(200).write('data: 1\n\n'));
  await using chain = await Chain.start(await listening(server));
  const stop = new AbortController();
  const streams = [];
  try {
    for (let i = 0; i < 5; i++) {
      streams.push(await request(`http://${chain.entry}/`, { headers: { host: HOST }, signal: stop.signal }));
    }
    await chain.untilCounted({ requests: 0, failures: 0, inFlight: 5 });
    // The answer began at once; how long the stream is open is no latency.
    await new Promise((done) => setTimeout(done, 1500));
  } finally {
    stop.abort();
    await Promise.allSettled(streams.map(({ body }) => body.dump()));
    server.closeAllConnections();
    server.close();
  }
  await chain.untilCounted({ requests: 5, failures: 0, inFlight: 0 });
  expect(chain.latencySeconds).toBeGreaterThan(0);
  expect(chain.latencySeconds).toBeLessThan(1.5);
  expect(chain.slowerThan(0)).toBe(5);
  expect(chain.slowerThan(1.5)).toBe(0);
  expect(chain.complaints).toEqual([]);
});

it.each(['HTTP/1.1', 'HTTP/2'])(
  'a request over %s that its client gives up is no failure, one that breaks is',
  async (protocol) => {
    const arrived = new EventTarget();
    // Both kinds of server leave `/wait` without an answer, and break the stream of `/break`.
    const http2 = createHttp2Server();
    http2.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      if (headers[':path'] === '/break') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      arrived.dispatchEvent(new Event('request'));
    });
    const http1 = createServer((incoming) => {
      if (incoming.url === '/break') incoming.socket.destroy();
      arrived.dispatchEvent(new Event('request'));
    });
    const server = protocol === 'HTTP/2' ? http2 : http1;
    await using chain = await Chain.start(await listening(server));
    const client = connectHttp2(`http://${chain.entry}`);
    const send = (path: string): (() => void) => {
      if (protocol === 'HTTP/2') {
        const stream = client.request({ ':path': path, ':authority': HOST });
        stream.on('error', () => undefined);
        stream.end();
        return () => stream.close(constants.NGHTTP2_CANCEL);
      }
      const { hostname, port } = new URL(`http://${chain.entry}`);
      const socket = connect(Number(port), hostname);
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);
      return () => socket.destroy();
    };
    try {
      for (let i = 0; i < 4; i++) {
        const request = once(arrived, 'request');
        const giveUp = send('/wait');
        await request;
        giveUp();
      }
      await chain.untilCounted({ requests: 4, failures: 0, inFlight: 0 });
      send('/break');
      await chain.untilCounted({ requests: 5, failures: 1, inFlight: 0 });
    } finally {
      client.destroy();
      if (server === http1) http1.closeAllConnections();
      server.close();
    }
    expect(chain.complaints).toEqual([]);
  },
);

it('large bodies pass as they are, of known length and in chunks', async () => {
  const server = createServer((incoming, response) => {
    const hash = createHash('sha256');
    incoming.on('data', (part: Buffer) => hash.update(part));
    incoming.on('end', () => response.end(hash.digest('hex')));
  });
  await using chain = await Chain.start(await listening(server));
  const body = randomBytes(24 * 1024 * 1024);
  const expected = createHash('sha256').update(body).digest('hex');
  const post = async (content: Buffer | Readable): Promise<string> => {
    const options = { method: 'POST', headers: { host: HOST }, body: content } as const;
    const response = await request(`http://${chain.entry}/`, options);
    expect(response.statusCode).toBe(200);
    return response.body.text();
  };
  try {
    expect(await post(body)).toBe(expected);
    const parts = Array.from({ length: 24 }, (_, i) => body.subarray(i << 20, (i + 1) << 20));
    expect(await post(Readable.from(parts))).toBe(expected);
    await chain.untilCounted({ requests: 2, failures: 0, inFlight: 0 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect(chain.complaints).toEqual([]);
});
