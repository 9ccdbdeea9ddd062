/** The program, against replicas behind balancers of this test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { seededRandom } from '../../../../apps/service/random.ts';
import { judge } from '../../../../apps/video-recommendation/evenness/verdict.ts';

const PROGRAM = join(import.meta.dirname, '../../../../apps/video-recommendation/evenness/main.ts');

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** An address behind which `choose` names the replica of each request; undefined answers 503. */
async function startBalancer(choose: (path: string) => string | undefined): Promise<string> {
  const server = createServer((request, response) => {
    const replica = choose(request.url ?? '');
    if (replica === undefined) response.writeHead(503).end();
    else response.writeHead(200, replica === '' ? {} : { 'x-served-by': replica }).end('{}');
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function run(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...args]);
  const printed = { out: '', errors: '' };
  child.stdout.on('data', (text) => (printed.out += String(text)));
  child.stderr.on('data', (text) => (printed.errors += String(text)));
  const [code] = await once(child, 'close');
  return { code: Number(code), ...printed };
}

function atRandom(weights: Readonly<Record<string, number>>): () => string {
  const random = seededRandom(7);
  return () => {
    let left = random();
    for (const [name, weight] of Object.entries(weights)) if ((left -= weight) < 0) return name;
    return Object.keys(weights)[0] ?? '';
  };
}

test('even traffic is called even, with a table', async () => {
  const url = await startBalancer(atRandom({ 'r-0': 1 / 3, 'r-1': 1 / 3, 'r-2': 1 / 3 }));
  const { code, out } = await run('--url', url, '--requests', '300');
  expect(code).toBe(0);
  expect(out).toMatch(/│ r-0\s+│\s+\d+ │\s+3\d\.\d % │/);
  expect(out).toMatch(/^Traffic is even over 3 replicas .*chi-square \d+\.\d+ with 2 degrees of freedom, p = 0\.\d+/m);
});

test('uneven traffic is called uneven, as JSON too', async () => {
  const url = await startBalancer(atRandom({ 'r-0': 0.5, 'r-1': 0.25, 'r-2': 0.25 }));
  const { code, out } = await run('--url', url, '--requests', '300', '--json');
  expect(code).toBe(1);
  const found = JSON.parse(out);
  expect(found).toMatchObject({ url: `${url}/`, requests: 300, failed: 0, isEven: false });
  expect(found.replicas.map(({ replica }: { replica: string }) => replica)).toEqual(['r-0', 'r-1', 'r-2']);
  expect(found.test).toMatchObject({ degreesOfFreedom: 2, pValue: expect.any(Number) });
});

test('a replica that never answers is missed when their number is told', async () => {
  const url = await startBalancer(atRandom({ 'r-0': 0.5, 'r-1': 0.5 }));
  expect((await run('--url', url)).code).toBe(0);
  const { code, out } = await run('--url', url, '--replicas', '3');
  expect(code).toBe(1);
  expect(out).toMatch(/│ \(silent 1\)\s+│\s+0 │\s+0\.0 % │/);
});

test('failed requests are told and not counted', async () => {
  let count = 0;
  const url = await startBalancer(() => (++count % 10 === 0 ? undefined : `r-${count % 2}`));
  const { out } = await run('--url', url, '--requests', '200');
  expect(out).toMatch(/^20 requests failed and are not counted; the first: .* has status 503$/m);
});

test('asks below the path of the address, or for the path that is named', async () => {
  const asked = new Set<string>();
  const url = await startBalancer((path) => {
    asked.add(path);
    return `r-${asked.size % 2}`;
  });
  await run('--url', `${url}/shop/`, '--requests', '2');
  await run('--url', `${url}/shop`, '--requests', '1', '--path', '/recommendations/alice?limit=3');
  expect([...asked].toSorted()).toEqual([
    '/shop/recommendations/1',
    '/shop/recommendations/2',
    '/shop/recommendations/alice?limit=3',
  ]);
});

test.each([
  [['--requests', '0'], /--requests 0 is not a whole number from 1 to 1000000 \[INVALID_FLAG\]/],
  [['--replicas', '1'], /--replicas 1 is not a whole number from 2 to 1000/],
  [['--significance', '1'], /--significance 1 is not a number between 0 and 1/],
  [['--path', 'recommendations'], /--path recommendations is not a path such as/],
  [['--replica-header', 'a b'], /--replica-header a b is not the name of a header/],
  [['--url', 'http://me:secret@h/?x=1'], /--url http:\/\/\*\*\*@h\/\?x=1 has a query/],
  [
    ['--url', 'http://127.0.0.1:1', '--requests', '2'],
    /no replica answered: http:\/\/127\.0\.0\.1:1 does not answer: .*ECONN/,
  ],
])('refuses %j', async (args, message) => {
  const { code, out, errors } = await run(...args);
  expect([code, out]).toEqual([2, '']);
  expect(errors).toMatch(message);
});

test.each([
  [
    'too few answers',
    new Map([
      ['a', 4],
      ['b', 5],
    ]),
    undefined,
    /9 answers are too few for 2 replicas, the test needs 10/,
  ],
  [
    'more replicas than told',
    new Map([
      ['a', 40],
      ['b', 50],
      ['c', 50],
    ]),
    2,
    /--replicas 2 is too few: 3 replicas answered/,
  ],
  ['a single replica', new Map([['a', 40]]), undefined, /only a answered: say with --replicas how many/],
])('says nothing of %s', (_, counts, replicas, message) => {
  expect(judge(counts, { replicas, significance: 0.01 })).toMatchObject({
    ok: false,
    failure: { code: 'INVALID_FLAG', message: expect.stringMatching(message) },
  });
});

test('calls even traffic uneven as seldom as the level says', () => {
  const random = seededRandom(1);
  let uneven = 0;
  for (let round = 0; round < 2000; round++) {
    const counts = new Map(['a', 'b', 'c', 'd'].map((name) => [name, 0]));
    for (let sent = 0; sent < 100; sent++) {
      const name = ['a', 'b', 'c', 'd'][Math.floor(random() * 4)] ?? 'a';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const verdict = judge(counts, { replicas: undefined, significance: 0.05 });
    if (verdict.ok && !verdict.value.isEven) uneven += 1;
  }
  // 5 % of 2000, and four standard deviations of that count.
  expect(Math.abs(uneven - 100)).toBeLessThan(40);
});
