/** The page, without a browser: what it shows, whom it asks, and whom it does not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { html } from '../../../apps/video-recommendation/page/html.ts';
import { ask, type Replica, startRecommendation, startStub, startUsers, startVideos } from './services.ts';

const HERE = '/recommend/video-recommendation/video-recommendation';

const stack = new AsyncDisposableStack();
let page: Replica;
let asked: Replica;

beforeAll(async () => {
  const users = stack.use(await startUsers());
  const videos = stack.use(await startVideos());
  asked = stack.use(await startRecommendation({ 'user-service': users.address, 'video-service': videos.address }));
  page = stack.use(
    await startRecommendation({
      'user-service': users.address,
      'video-service': videos.address,
      'video-recommendation': asked.address,
    }),
  );
});
afterAll(async () => stack.disposeAsync());

/** A page whose service answers with `body`. */
async function pageAbout(body: unknown, headers: Record<string, string> = {}): Promise<string> {
  await using stub = await startStub((server) =>
    server.get('/recommendations/:user', async (_request, reply) => reply.headers(headers).send(body)),
  );
  await using front = await startRecommendation({ odd: stub.address });
  return (await ask(front, '/recommend/video-recommendation/odd/7')).text;
}

test('shows the videos for the user, and who answered', async () => {
  const { status, headers, text } = await ask(page, `${HERE}/7`);
  expect(status).toBe(200);
  expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(text.match(/<li>/g)).toHaveLength(20);
  expect(text).toContain('Answered by video-recommendation-0');
  expect(text).toContain('<h3>Asked by video-recommendation-0</h3>');
  expect(text.split('<script>')[0]).not.toMatch(/\{\{|undefined|NaN/);
});

test('shows requests, errors and latency of each replica that was asked', async () => {
  await ask(page, `${HERE}/7`);
  const { text } = await ask(page, '/recommend/traffic');
  expect(text).toMatch(/^<section class="card caller" data-replica="video-recommendation-0">/);
  expect(text).toContain('video-recommendation.video-recommendation');
  const [, requests, errors, p50, p99] =
    /100 %[^]*?<td>(\d+)<\/td>\s*<td[^>]*>(\d+)<\/td>\s*<td>([\d.]+)<\/td>\s*<td>([\d.]+)<\/td>/.exec(text) ?? [];
  expect(Number(requests)).toBeGreaterThan(0);
  expect(errors).toBe('0');
  expect(Number(p50)).toBeGreaterThan(0);
  expect(Number(p99)).toBeGreaterThanOrEqual(Number(p50));
});

test('asks nobody but the server it came from', async () => {
  const { headers, text } = await ask(page, `${HERE}/7`);
  const policy = headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self'/,
  );
  expect(text).not.toMatch(/https?:\/\//);
  expect(headers.get('cache-control')).toBe('no-store');
});

test('is led to by the form and from /', async () => {
  const form = await ask(page, '/recommend?namespace=shop&service=recs&user=3');
  expect([form.status, form.headers.get('location')]).toEqual([303, '/recommend/shop/recs/3']);
  const root = await ask(page, '/');
  expect([root.status, root.headers.get('location')]).toEqual([303, `${HERE}/1`]);
});

test('says what is wrong with the user', async () => {
  const { status, text } = await ask(page, `${HERE}/99999`);
  expect(status).toBe(404);
  expect(text).toContain('user: there is no user 99999');
});

test('says so when what it shows is only trending', async () => {
  const text = await pageAbout({
    user: 7,
    source: 'trending',
    stale: true,
    reason: 'user-service.video-recommendation did not answer within 2000 ms',
    asOf: '2026-01-01T00:00:00.000Z',
    videos: [],
  });
  expect(text).toMatch(/Trending videos as of 2026-01-01T00:00:00\.000Z, not chosen for this user: user-service/);
});

test('says so when no replica answered', async () => {
  await using front = await startRecommendation({ gone: '127.0.0.1:1' });
  const { status, text } = await ask(front, '/recommend/video-recommendation/gone/7');
  expect(status).toBe(503);
  expect(text).toContain('gone.video-recommendation cannot be reached');
  expect(text).toContain('no replica');
});

describe('whom it asks', () => {
  test.each([
    ['namespace', '/recommend/evil.example/video-recommendation/7'],
    ['namespace', '/recommend/UPPER/video-recommendation/7'],
    ['namespace', `/recommend/${'a'.repeat(64)}/video-recommendation/7`],
    ['service', '/recommend/shop/127.0.0.1/7'],
    ['service', '/recommend/shop/a%2Fb/7'],
    ['service', '/recommend/shop/a@b/7'],
    ['service', '/recommend/shop/a:80/7'],
    ['service', '/recommend/shop/a%23/7'],
    ['service', '/recommend/shop/a%0d%0ahost:%20b/7'],
    ['service', '/recommend/shop/-a/7'],
    ['user', '/recommend/shop/recs/7%2F..%2F..%2Fsecrets'],
    ['user', '/recommend/shop/recs/7%3Fx'],
    ['namespace', '/recommend?service=a&user=1'],
    ['service', '/recommend?namespace=a&service=b/../c&user=1'],
  ])('is nobody when the %s is none: %s', async (field, path) => {
    await using outbound = await startStub(() => undefined);
    await using front = await startRecommendation(
      {},
      { addressing: { namespace: 'video-recommendation', meshOutbound: outbound.address, addresses: {} } },
    );
    const { status, text } = await ask(front, path);
    expect(status).toBe(400);
    expect(text).toContain(`${field}: must be `);
    expect(outbound.requests.filter(({ url }) => !url.startsWith('/trending'))).toEqual([]);
  });

  test('is the service of the namespace, at port 8080, through the sidecar', async () => {
    await using outbound = await startStub((server) => server.get('/recommendations/:user', async () => ({})));
    await using front = await startRecommendation(
      {},
      { addressing: { namespace: 'video-recommendation', meshOutbound: outbound.address, addresses: {} } },
    );
    const { status } = await ask(front, '/recommend/shop/recs/7');
    expect(status).toBe(502);
    const calls = outbound.requests.filter(({ url }) => !url.startsWith('/trending'));
    expect(calls.map(({ url, headers }) => [headers.host, url])).toEqual([
      ['recs.shop.svc.cluster.local:8080', '/recommendations/7'],
    ]);
  });

  test('is not followed elsewhere', async () => {
    let visits = 0;
    await using elsewhere = await startStub((server) => server.get('/', async () => String(++visits)));
    await using stub = await startStub((server) =>
      server.get('/recommendations/:user', async (_request, reply) => reply.redirect(`http://${elsewhere.address}/`)),
    );
    await using front = await startRecommendation({ odd: stub.address });
    expect((await ask(front, '/recommend/video-recommendation/odd/7')).status).toBe(502);
    expect(visits).toBe(0);
  });

  test('is not shown where it answers something else', async () => {
    const text = await pageAbout({ password: 'secret' });
    expect(text).not.toContain('secret');
    expect(text).toContain('odd.video-recommendation did not answer with recommendations');
  });
});

describe('what others say', () => {
  const video = { id: 1, title: '<script>alert(1)</script>', author: 1, topic: '"&', seconds: 61 };

  test('is text, not markup', async () => {
    const text = await pageAbout({ user: 7, source: 'ranking', stale: false, videos: [video] });
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(text).not.toContain('<script>alert');
    expect(text).toContain('&quot;&amp;');
    expect(text).toContain('1:01');
  });

  test('is no name of a replica unless it looks like one', async () => {
    await using stub = await startStub(
      (server) =>
        server.get('/recommendations/:user', async () => ({ user: 7, source: 'ranking', stale: false, videos: [] })),
      '<b>pod</b>',
    );
    await using front = await startRecommendation({ odd: stub.address });
    const { text } = await ask(front, '/recommend/video-recommendation/odd/7');
    expect(text).toContain('Answered by a replica without a name');
    expect(text).not.toContain('pod</b>');
  });
});

test('values in HTML are escaped, HTML in HTML is not', () => {
  const inner = html`<b>${'<&>"\''}</b>`;
  expect(html`<p title="${'"'}">${inner}${[inner]}${1}</p>`.text).toBe(
    '<p title="&quot;"><b>&lt;&amp;&gt;&quot;&#39;</b><b>&lt;&amp;&gt;&quot;&#39;</b>1</p>',
  );
});
