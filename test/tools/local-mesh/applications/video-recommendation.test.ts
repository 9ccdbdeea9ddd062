/** The three services together, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Recommendations } from '../../../../apps/video-recommendation/http/recommendations.ts';
import {
  ask,
  askJson,
  BATCH,
  type Replica,
  startRecommendation,
  startStub,
  startTcpBalancer,
  startUsers,
  startVideos,
} from '../../../apps/video-recommendation/services.ts';
import { SOON } from '../../../support/soon.ts';

let users: Replica;
let videos: Replica;
let recommendation: Replica;

const stack = new AsyncDisposableStack();

beforeAll(async () => {
  users = stack.use(await startUsers());
  videos = stack.use(await startVideos());
  recommendation = stack.use(
    await startRecommendation({ 'user-service': users.address, 'video-service': videos.address }),
  );
});
afterAll(async () => stack.disposeAsync());

async function recommendations(replica: Replica, path: string): Promise<Recommendations> {
  const { status, body } = await askJson(replica, path);
  expect(status).toBe(200);
  return body as Recommendations;
}

function idsIn(url: string): number[] {
  return (new URL(url, 'http://service').searchParams.get('ids') ?? '').split(',').map(Number);
}

interface Stats {
  readonly replica: string;
  readonly served: { readonly ranked: number; readonly trending: number; readonly refused: number };
  readonly trending?: { readonly videos: number };
  readonly dependencies: readonly {
    readonly dependency: string;
    readonly replicas: readonly { readonly replica: string; readonly requests: number; readonly errors: number }[];
  }[];
}

async function stats(replica: Replica): Promise<Stats> {
  return (await askJson(replica, '/stats')).body as Stats;
}

describe('recommendations', () => {
  test('are chosen for the user, the same each time', async () => {
    const answer = await recommendations(recommendation, '/recommendations/7');
    expect(answer).toMatchObject({ user: '7', source: 'ranking', stale: false });
    expect(answer.videos).toHaveLength(20);
    for (const { score, because } of answer.videos) {
      expect(score).toBeGreaterThan(0.3);
      expect(because).toBeTypeOf('string');
    }
    const again = await recommendations(recommendation, '/recommendations/7');
    expect(again.videos.map(({ id }) => id)).toEqual(answer.videos.map(({ id }) => id));
    const other = await recommendations(recommendation, '/recommendations/8');
    expect(other.videos.map(({ id }) => id)).not.toEqual(answer.videos.map(({ id }) => id));
  });

  test('are for users of any name', async () => {
    const answer = await recommendations(recommendation, '/recommendations/ann+%40home');
    expect(answer).toMatchObject({ user: 'ann+@home', source: 'ranking', stale: false });
    const other = await recommendations(recommendation, '/recommendations/bob');
    expect(other.videos.map(({ id }) => id)).not.toEqual(answer.videos.map(({ id }) => id));
  });

  test('are as many as asked for', async () => {
    expect((await recommendations(recommendation, '/recommendations/7?limit=3')).videos).toHaveLength(3);
  });

  test('hold nothing that the user already likes', async () => {
    const { body } = await askJson(users, '/users?ids=7');
    const [user] = (body as { users: { likedVideos: number[] }[] }).users;
    const { videos: shown } = await recommendations(recommendation, '/recommendations/7?limit=100');
    expect(shown.filter(({ id }) => user?.likedVideos.includes(id))).toEqual([]);
  });

  test('are asked for in batches, each as large as it may be', async () => {
    videos.requests.length = 0;
    await recommendations(recommendation, '/recommendations/21');
    const batches = videos.requests
      .filter(({ url }) => url.startsWith('/videos'))
      .map(({ url }) => idsIn(url).length)
      .toSorted((a, b) => b - a);
    expect(batches.length).toBeGreaterThan(2);
    expect(batches.slice(0, -1).every((size) => size === BATCH)).toBe(true);
    expect(batches.at(-1)).toBeLessThanOrEqual(BATCH);
  });

  test('take the trace headers along on every call, and no others', async () => {
    users.requests.length = 0;
    videos.requests.length = 0;
    const trace = { 'x-request-id': 'r1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
    await ask(recommendation, '/recommendations/9', { ...trace, cookie: 'private' });
    const calls = [...users.requests, ...videos.requests].filter(({ url }) => url.includes('?ids='));
    expect(calls.length).toBeGreaterThan(4);
    for (const { headers } of calls) {
      expect(headers).toMatchObject(trace);
      expect(headers.cookie).toBeUndefined();
    }
    expect(new Set(calls.map(({ headers }) => headers.host))).toEqual(
      new Set([
        'user-service.video-recommendation.svc.cluster.local:8080',
        'video-service.video-recommendation.svc.cluster.local:8080',
      ]),
    );
  });

  test.each([
    ['/recommendations/seven%20', 400, /^user: must be 1 to 128 letters/],
    ['/recommendations/a%2Cb', 400, /^user: must be 1 to 128 letters/],
    ['/recommendations/.a', 400, /^user: must be 1 to 128 letters/],
    ['/recommendations/0', 404, /^user: there is no user 0$/],
    ['/recommendations/007', 404, /^user: there is no user 007$/],
    ['/recommendations/99999', 404, /^user: there is no user 99999$/],
    ['/recommendations/7?limit=0', 400, /^limit: must be a whole number from 1 to 100$/],
    ['/recommendations/7?limit=1000', 400, /^limit: /],
    ['/recommendations/7?limit=1&limit=2', 400, /^limit: /],
    ['/recommendations', 404, /^GET \/recommendations is not served here$/],
    ['/recommendations/%E0%A4%A', 400, /^path: /],
  ])('refuse %s', async (path, status, message) => {
    expect(await askJson(recommendation, path)).toEqual({
      status,
      body: { message: expect.stringMatching(message) },
    });
  });
});

describe('the other two', () => {
  test.each([
    ['users', '/users', 400, /^ids: is missing$/],
    ['users', '/users?ids=', 400, /^ids: is missing$/],
    ['users', '/users?ids=1,', 400, /^ids: each one must be 1 to 128 letters/],
    [
      'users',
      `/users?ids=${Array.from({ length: 51 }, (_, index) => index + 1).join()}`,
      400,
      /^ids: has 51 ids, and 50/,
    ],
    ['users', '/users?ids=1,0', 404, /^ids: there is no user 0$/],
    ['users', '/users?ids=1,5001', 404, /^ids: there is no user 5001$/],
    ['videos', '/videos?ids=0', 400, /^ids: /],
    ['videos', '/videos?ids=10001', 404, /^ids: there is no video 10001$/],
    ['videos', '/trending?limit=-1', 400, /^limit: /],
  ])('%s refuse %s', async (which, path, status, message) => {
    const answer = await askJson(which === 'users' ? users : videos, path);
    expect(answer).toEqual({ status, body: { message: expect.stringMatching(message) } });
  });

  test('answer in the order they were asked', async () => {
    const { body } = await askJson(videos, '/videos?ids=7,3,9');
    expect((body as { videos: { id: number }[] }).videos.map(({ id }) => id)).toEqual([7, 3, 9]);
  });

  test('have another list of what is trending when the hour is another', async () => {
    let hour = 490_000;
    await using replica = await startVideos('video-service-0', () => hour * 3_600_000);
    const first = (await askJson(replica, '/trending?limit=50')).body;
    expect((await askJson(replica, '/trending?limit=50')).body).toEqual(first);
    hour += 12;
    expect((await askJson(replica, '/trending?limit=50')).body).not.toEqual(first);
  });
});

describe('when a service fails', () => {
  /** A recommendation service that has heard of the trending videos. */
  async function withTrending(
    addresses: Readonly<Record<string, string>>,
    more: Parameters<typeof startRecommendation>[1] = {},
  ): Promise<Replica> {
    const replica = await startRecommendation(addresses, more);
    await expect.poll(async () => (await stats(replica)).trending?.videos, SOON).toBe(100);
    return replica;
  }

  test('that is not there, trending videos are the answer', async () => {
    await using replica = await withTrending({ 'video-service': videos.address });
    const answer = await recommendations(replica, '/recommendations/7?limit=5');
    expect(answer).toMatchObject({ user: '7', source: 'trending', stale: true });
    expect(answer.reason).toMatch(/^user-service\.video-recommendation cannot be reached: /);
    expect(Date.parse(answer.asOf ?? '')).toBeGreaterThan(Date.now() - 60_000);
    const trending = (await askJson(videos, '/trending?limit=5')).body as { videos: { id: number }[] };
    expect(answer.videos.map(({ id }) => id)).toEqual(trending.videos.map(({ id }) => id));
    expect((await stats(replica)).served).toMatchObject({ ranked: 0, trending: 1, refused: 0 });
  });

  test.each<[string, (reply: { code(status: number): { send(body: unknown): unknown } }) => unknown, RegExp]>([
    ['that fails', (reply) => reply.code(500).send({ message: 'an error' }), /answered 500: an error$/],
    ['that its proxy cannot reach', (reply) => reply.code(503).send('no healthy upstream'), /answered 503: no healthy/],
    ['that its proxy does not know', (reply) => reply.code(404).send(''), /answered 404$/],
    ['that takes smaller batches', (reply) => reply.code(400).send({ message: 'ids: has 50' }), /answered 400: ids: /],
    ['that does not speak JSON', (reply) => reply.code(200).send('<html>'), /did not answer with JSON$/],
    ['that says something else', (reply) => reply.code(200).send({}), /answered no users$/],
    ['that does not answer in time', () => new Promise(() => undefined), /did not answer within 200 ms$/],
  ])('%s, trending videos are the answer', async (_, answerUsers, reason) => {
    await using broken = await startStub((server) =>
      server.get('/users', async (_request, reply) => answerUsers(reply)),
    );
    const addresses = { 'user-service': broken.address, 'video-service': videos.address };
    await using replica = await withTrending(addresses, { deadlineMs: 200 });
    const answer = await recommendations(replica, '/recommendations/7');
    expect(answer).toMatchObject({ source: 'trending', stale: true, reason: expect.stringMatching(reason) });
  });

  test('the last good list stays, also when what made it is gone', async () => {
    const gone = await startVideos();
    await using replica = await withTrending(
      { 'user-service': users.address, 'video-service': gone.address },
      { trendingMs: 20 },
    );
    await gone[Symbol.asyncDispose]();
    const asOf = (await recommendations(replica, '/recommendations/7')).asOf;
    await expect
      .poll(async () => {
        const { dependencies } = await stats(replica);
        const calls = dependencies.find(({ dependency }) => dependency.startsWith('video-service'));
        return calls?.replicas.find((each) => each.replica === 'none')?.errors;
      }, SOON)
      .toBeGreaterThan(5);
    const later = await recommendations(replica, '/recommendations/7');
    expect(later).toMatchObject({ source: 'trending', stale: true, asOf });
    expect(later.videos).toHaveLength(20);
  });

  test('before there is any list, the failure is the answer', async () => {
    await using replica = await startRecommendation({});
    const answer = await askJson(replica, '/recommendations/7');
    expect(answer).toMatchObject({
      status: 503,
      body: { message: expect.stringMatching(/^user-service\..* reached: /) },
    });
    expect((await askJson(replica, '/readyz')).status).toBe(200);
  });

  test('it is found again when it is back', async () => {
    let isUp = false;
    await using flaky = await startStub((server) =>
      server.get('/users', async (request, reply) =>
        isUp ? (await ask(users, request.url)).text : reply.code(503).send({ message: 'starting' }),
      ),
    );
    await using replica = await withTrending({ 'user-service': flaky.address, 'video-service': videos.address });
    expect((await recommendations(replica, '/recommendations/7')).stale).toBe(true);
    isUp = true;
    expect((await recommendations(replica, '/recommendations/7')).stale).toBe(false);
  });
});

test('traffic spreads over the replicas behind a balancer of connections, and the figures show it', async () => {
  await using replicas = new AsyncDisposableStack();
  const pods = ['video-service-0', 'video-service-1'];
  const behind = await Promise.all(pods.map(async (pod) => replicas.use(await startVideos(pod))));
  await using balancer = await startTcpBalancer(behind.map(({ address }) => address));
  const addresses = { 'user-service': users.address, 'video-service': balancer.address };

  async function shares(poolSize: number): Promise<Record<string, number>> {
    await using replica = await startRecommendation(addresses, { poolSize });
    for (let user = 1; user <= 10; user++) await recommendations(replica, `/recommendations/${user}`);
    const { dependencies } = await stats(replica);
    const asked = dependencies.find(({ dependency }) => dependency === 'video-service.video-recommendation');
    const total = asked?.replicas.reduce((sum, { requests }) => sum + requests, 0) ?? 0;
    return Object.fromEntries(asked?.replicas.map((each) => [each.replica, each.requests / total]) ?? []);
  }

  expect(Object.values(await shares(1))).toEqual([1]);
  const spread = await shares(4);
  expect(Object.keys(spread)).toEqual(pods);
  for (const share of Object.values(spread)) expect(share).toBeGreaterThan(0.3);
});

test('metrics are there for Prometheus', async () => {
  await recommendations(recommendation, '/recommendations/7');
  const { headers, text } = await ask(recommendation, '/metrics');
  expect(headers.get('content-type')).toMatch(/^text\/plain; version=/);
  expect(text).toMatch(/^video_recommendation_requests_total\{outcome="ranked"\} \d+$/m);
  expect(text).toMatch(
    /^video_recommendation_dependency_requests_total\{dependency="user-service\.video-recommendation",replica="user-service-0",outcome="answered"\} \d+$/m,
  );
});
