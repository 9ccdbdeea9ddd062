import { once } from 'node:events';
import { createServer as createHttpServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import { createLoop, FakeLeadership, runTraffic, serviceTopology, topologyOf } from '../fixtures.ts';

const servers: FastifyInstance[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

/** A controller that listens; with `leads`, it is the leader and has made a decision. */
async function controller(leads: boolean) {
  const leadership = new FakeLeadership();
  const test = createLoop(topologyOf(serviceTopology()), leadership);
  const server = await createServer(test.loop);
  servers.push(server);
  test.loop.start();
  leadership.set(leads);
  if (leads) runTraffic(test, 5);
  const url = new URL(await server.listen({ host: '127.0.0.1', port: 0 }));
  return { ...test, leadership, url };
}

async function pair() {
  const [leader, follower] = [await controller(true), await controller(false)];
  follower.leadership.leaderUrl = leader.url;
  return { leader, follower };
}

it('a follower answers as the leader does', async () => {
  const { leader, follower } = await pair();
  for (const path of [
    '/api/v1/services',
    '/api/v1/nodes?x=1',
    '/api/v1/nodes?x=%zz/../',
    '/api/v1/services/shop/none/weights',
  ]) {
    const [mine, other] = await Promise.all([leader, follower].map(({ url }) => fetch(new URL(path, url))));
    expect(other?.status).toBe(mine?.status);
    expect(await other?.json()).toEqual(await mine?.json());
  }
});

it('a follower forwards to the leader, whatever host the request line names', async () => {
  const { leader, follower } = await pair();
  const { hostname, port } = follower.url;
  const asked = get({ hostname, port, path: 'http://127.0.0.1:1/api/v1/nodes?x=1' });
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const direct = await fetch(new URL('/api/v1/nodes', leader.url));
  expect(await json(answer)).toEqual(await direct.json());
});

it('a follower forwards changes to the leader', async () => {
  const { leader, follower } = await pair();
  const service = leader.loop.state.decision?.services[0];
  const replica = service?.replicas[0]?.name;
  const path = `/api/v1/services/${service?.namespace}/${service?.name}/weights/${replica}`;
  const answer = await fetch(new URL(path, follower.url), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ weight: 0.25, ttlSeconds: 60 }),
  });
  expect(answer.ok).toBe(true);
  expect(leader.loop.manual.list(leader.loop.state.clock.now())).toMatchObject([{ replica, weight: 0.25 }]);
});

it('a follower passes the stream of decisions on until the leader steps down', async () => {
  const { leader, follower } = await pair();
  const answer = await fetch(new URL('/api/v1/stream', follower.url));
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toMatch(/^event: decision\n/);
  leader.leadership.set(false);
  for (let ended = false; !ended;) ended = (await reader?.read())?.done ?? true;
});

it('a follower answers NOT_LEADER if the leader is a follower too, or is unreachable', async () => {
  const [one, other] = [await controller(false), await controller(false)];
  one.leadership.leaderUrl = other.url;
  other.leadership.leaderUrl = one.url;
  const ask = async () => (await fetch(new URL('/api/v1/services', one.url))).json();
  expect(await ask()).toMatchObject({ status: 503, code: 'NOT_LEADER' });
  one.leadership.leaderUrl = new URL('http://127.0.0.1:1');
  expect(await ask()).toMatchObject({ status: 503, code: 'NOT_LEADER' });
});

it('a follower asks the leader once, and passes its 503 on', async () => {
  const { follower } = await pair();
  let requests = 0;
  const leader = createHttpServer((_request, response) => {
    requests += 1;
    response.writeHead(503, { 'retry-after': '1' }).end('{}');
  });
  leader.listen(0, '127.0.0.1');
  await once(leader, 'listening');
  try {
    follower.leadership.leaderUrl = new URL(`http://127.0.0.1:${(leader.address() as AddressInfo).port}`);
    const answer = await fetch(new URL('/api/v1/services', follower.url));
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(requests).toBe(1);
  } finally {
    leader.closeAllConnections();
    leader.close();
  }
});
