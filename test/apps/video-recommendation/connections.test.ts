/** Why there are several connections, on real ones: each stays with the replica that it was opened to. */
import { afterEach, expect, test } from 'vitest';
import { Connections } from '../../../apps/video-recommendation/dependencies/connections.ts';
import { type Replica, startStub, startTcpBalancer } from './services.ts';

const opened: Connections[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((connections) => connections.close()));
});

function connectTo(address: string, size: number): Connections {
  const connections = new Connections(address, size);
  opened.push(connections);
  return connections;
}

async function send(connections: Connections, path = '/'): Promise<string> {
  return connections.use(async (client) => {
    const { body } = await client.request({ method: 'GET', path });
    return body.text();
  });
}

/** Requests by the connection that they came on. */
function perConnection({ requests }: Replica): number[] {
  return [...Map.groupBy(requests, ({ socket }) => socket.remotePort).values()].map(({ length }) => length);
}

async function echo(name: string): Promise<Replica> {
  return startStub((server) => server.get('/', async () => name), name);
}

test('are used evenly by a caller that asks one thing at a time', async () => {
  await using replica = await echo('a');
  const connections = connectTo(replica.address, 4);
  for (let request = 0; request < 40; request++) await send(connections);
  expect(perConnection(replica)).toEqual([10, 10, 10, 10]);
});

test('spread over the replicas behind a balancer of connections, where one alone stays with one', async () => {
  await using replicas = new AsyncDisposableStack();
  const [a, b] = [replicas.use(await echo('a')), replicas.use(await echo('b'))];
  await using balancer = await startTcpBalancer([a.address, b.address]);

  const alone = connectTo(balancer.address, 1);
  for (let request = 0; request < 20; request++) await send(alone);
  expect([a.requests.length, b.requests.length]).toEqual([20, 0]);

  const several = connectTo(balancer.address, 4);
  for (let request = 0; request < 40; request++) await send(several);
  expect([a.requests.length, b.requests.length]).toEqual([20 + 20, 20]);
  expect(balancer.connections()).toBe(5);
});

test('let nobody wait behind a slow request while another is free', async () => {
  const held: (() => void)[] = [];
  await using replica = await startStub((server) => {
    server.get('/', async () => 'quick');
    server.get('/slow', async () => new Promise((resolve) => held.push(() => resolve('slow'))));
  });
  const connections = connectTo(replica.address, 2);
  const slow = send(connections, '/slow');
  for (let request = 0; request < 5; request++) expect(await send(connections)).toBe('quick');
  await expect.poll(() => held.length, { timeout: 30_000 }).toBe(1);
  held[0]?.();
  expect(await slow).toBe('slow');
});
