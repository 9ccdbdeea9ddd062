import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { hotelRooms } from '../../../apps/hotel-reservation/data/hotels.ts';
import { type ReplicaProcess, startReplica, stopReplica } from './replica-process.ts';

const stops: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(...args: Parameters<typeof startReplica>): Promise<ReplicaProcess> {
  const replica = await startReplica(...args);
  stops.push(() => stopReplica(replica, 'SIGKILL'));
  return replica;
}

/** A server in the place of a sidecar or another service. */
async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return `127.0.0.1:${address.port}`;
}

const NEARBY = '/nearby?lat=37.8&lon=-122.1&inDate=2015-04-09&outDate=2015-04-10';

describe('a replica', () => {
  test('calls through the sidecar, by the Host of the service, and hands trace headers on', async () => {
    const seen: (string | undefined)[][] = [];
    const sidecar = await listen(({ headers, url }, response) => {
      seen.push([headers.host, url?.split('?')[0], headers['x-request-id'] as string, headers['b3'] as string]);
      response.end(JSON.stringify({ hotelIds: ['1'], ratePlans: [{ hotelId: '1' }] }));
    });
    const search = await start('search', [], { MESH_OUTBOUND: sidecar, POD_NAME: 'search-2' });
    const headers = { 'x-request-id': 'r1', b3: '80f198ee56343ba8-05e3ac9a4f6e3b90-1', cookie: 'private' };
    const response = await fetch(`http://${search.address}${NEARBY}`, { headers });
    expect(await response.json()).toEqual({ hotelIds: ['1'] });
    expect(response.headers.get('x-served-by')).toBe('search-2');
    expect(seen).toEqual([
      ['geo.hotel-reservation.svc.cluster.local:8080', '/nearby', 'r1', headers.b3],
      ['rate.hotel-reservation.svc.cluster.local:8080', '/rates', 'r1', headers.b3],
    ]);
  });

  test.each<[string, number, string, number, RegExp]>([
    ['fails', 500, '{"message":"an error"}', 502, /^geo answered 500: an error$/],
    ['is not there behind its sidecar', 503, 'no healthy upstream', 503, /^geo answered 503: no healthy upstream$/],
    ['does not speak JSON', 200, '<html>', 502, /^geo did not answer with JSON$/],
  ])('says so when another service %s', async (_, answered, body, status, message) => {
    const sidecar = await listen((_request, response) => response.writeHead(answered).end(body));
    const search = await start('search', [], { MESH_OUTBOUND: sidecar });
    const response = await fetch(`http://${search.address}${NEARBY}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ message: expect.stringMatching(message) });
  });

  test('says so when another service does not answer in time', async () => {
    const search = await start('search', [], { MESH_OUTBOUND: await listen(() => undefined) });
    const response = await fetch(`http://${search.address}${NEARBY}`);
    expect(response.status).toBe(504);
    expect(await response.json()).toEqual({ message: 'geo did not answer within 3000 ms' });
  });

  test('answers the requests that it has before it ends', async () => {
    const held: ServerResponse[] = [];
    let arrived: () => void = () => undefined;
    const arrival = new Promise<void>((resolve) => (arrived = resolve));
    const sidecar = await listen((_, response) => {
      held.push(response);
      arrived();
    });
    const search = await start('search', [], { MESH_OUTBOUND: sidecar });
    expect((await fetch(`http://${search.address}/readyz`)).status).toBe(200);
    const answer = fetch(`http://${search.address}${NEARBY}`);
    await arrival;
    const exit = stopReplica(search);
    // No new connection is taken from the moment that it drains.
    await expect
      .poll(() =>
        fetch(`http://${search.address}/livez`, { headers: { connection: 'close' } }).then(
          () => 'open',
          () => 'closed',
        ),
      )
      .toBe('closed');
    held[0]?.writeHead(503).end('gone');
    expect((await answer).status).toBe(503);
    expect(await exit).toBe(0);
  });

  test.each([
    [['--service', 'hotel'], /--service: must be one of frontend/],
    [['--listen', 'here'], /--listen here is not of the form ip:port/],
    [['--port', '80'], /Unknown option '--port'/],
  ])('refuses %j', async (flags, message) => {
    await expect(startReplica('geo', flags)).rejects.toThrow(message);
  });
});

describe('replicas of reservation on one machine', () => {
  test('never sell a room twice between them', async () => {
    const data = mkdtempSync(join(tmpdir(), 'hotel-replicas-'));
    stops.push(() => rmSync(data, { recursive: true }));
    const replicas = await Promise.all([0, 1, 2].map(() => start('reservation', ['--data', data])));
    const stay = 'inDate=2015-04-09&outDate=2015-04-12';
    const answers = await Promise.all(
      Array.from({ length: 90 }, async (_, request) => {
        const address = replicas[request % replicas.length]?.address;
        const url = `http://${address}/book?hotelId=3&customerName=c${request}&number=5&${stay}`;
        const response = await fetch(url, { method: 'POST' });
        return ((await response.json()) as { booked: boolean }).booked;
      }),
    );
    expect(answers.filter(Boolean)).toHaveLength(hotelRooms(3) / 5);
    const left = await fetch(`http://${replicas[1]?.address}/availability?hotelIds=3,4&number=1&${stay}`);
    expect(await left.json()).toEqual({ hotelIds: ['4'] });
  });
});
