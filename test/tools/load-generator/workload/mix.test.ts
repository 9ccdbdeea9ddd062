import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { pathBelow } from '../../../../contract/base-address.ts';
import { MIXES, readMix } from '../../../../tools/load-generator/flags.ts';
import { parseMix } from '../../../../tools/load-generator/workload/mix.ts';
import { seededRandom } from '../../../../apps/service/random.ts';
import { requestSource } from '../../../../tools/load-generator/workload/requests.ts';

function hotel() {
  const mix = readMix('hotel');
  if (!mix.ok) throw new Error(mix.failure.message);
  return mix.value;
}

function draw(count: number, seed: number) {
  const next = requestSource(hotel(), String, seededRandom(seed));
  return Array.from({ length: count }, () => next());
}

test('the hotel mix has the published proportions', () => {
  const requests = draw(40_000, 1);
  const share = (name: string): number => requests.filter((request) => request.name === name).length / requests.length;
  expect(share('search')).toBeCloseTo(0.6, 1.5);
  expect(share('recommend')).toBeCloseTo(0.39, 1.5);
  expect(Math.abs(share('user') - 0.005)).toBeLessThan(0.002);
  expect(Math.abs(share('reserve') - 0.005)).toBeLessThan(0.002);
});

test('every parameter of the hotel mix is within the ranges of the original', () => {
  const seen = { dis: 0, rate: 0, price: 0 };
  for (const { name, method, path } of draw(4000, 7)) {
    const { pathname, searchParams: query } = new URL(path, 'http://host');
    expect(method).toBe(name === 'user' || name === 'reserve' ? 'POST' : 'GET');
    if (name === 'search' || name === 'recommend') {
      expect(Math.abs(Number(query.get('lat')) - 38.0235)).toBeLessThanOrEqual(0.2406);
      expect(Number(query.get('lon'))).toBeGreaterThanOrEqual(-122.2521);
      expect(Number(query.get('lon'))).toBeLessThanOrEqual(-121.9269);
    }
    if (name === 'search' || name === 'reserve') {
      const [from, to] = [query.get('inDate') ?? '', query.get('outDate') ?? ''];
      expect(from >= '2015-04-09' && from <= '2015-04-23' && from < to).toBe(true);
      expect(to <= (name === 'search' ? '2015-04-24' : '2015-04-28')).toBe(true);
    }
    if (name === 'recommend') seen[query.get('require') as keyof typeof seen] += 1;
    if (name === 'user' || name === 'reserve') {
      const id = query.get('username')?.replace('Cornell_', '') ?? '';
      expect(Number(id)).toBeLessThanOrEqual(500);
      expect(query.get('password')).toBe(id.repeat(10));
    }
    expect(pathname).toBe(
      { search: '/hotels', recommend: '/recommendations', user: '/user', reserve: '/reservation' }[name],
    );
  }
  const total = seen.dis + seen.rate + seen.price;
  for (const count of Object.values(seen)) expect(count / total).toBeCloseTo(1 / 3, 1);
});

test('the same seed gives the same requests, another seed others', () => {
  expect(draw(50, 3)).toEqual(draw(50, 3));
  expect(draw(50, 3)).not.toEqual(draw(50, 4));
});

test("the plain mix asks for the URL's own path", () => {
  const mix = readMix('plain');
  const next = (url: string) =>
    mix.ok && requestSource(mix.value, (path) => pathBelow({ url: new URL(url) }, path), Math.random)();
  expect(next('http://h/healthz?full=1')).toEqual({ name: 'get', method: 'GET', path: '/healthz?full=1' });
  expect(next('http://h/?x=1')).toMatchObject({ path: '/?x=1' });
  expect(next('http://h/app/')).toMatchObject({ path: '/app/' });
  expect(next('http://h')).toMatchObject({ path: '/' });
});

test.each(MIXES)('the mix %s can be read, and named', (name) => {
  expect(readMix(name)).toMatchObject({ ok: true });
});

const BASE = 'name: m\nparameters:\n  day: { kind: date, from: 2015-04-09, to: 2015-04-10 }\n';
const REQUEST = 'requests:\n  - { name: r, weight: 1, method: GET, path: / }\n';

test.each([
  ['name: 5\nparameters: {}\n' + REQUEST, 'name'],
  ['name: m\nparameters: {}\nrequests: []\n', 'requests'],
  [BASE + REQUEST.replace('weight: 1', 'weight: 0'), 'requests[0].weight'],
  [BASE + REQUEST.replace('GET', 'FETCH'), 'requests[0].method'],
  [BASE + REQUEST.replace('path: /', "path: '/{hotel}'"), 'requests[0].path uses {hotel}'],
  [BASE + REQUEST.replace('path: /', 'path: hotels'), 'requests[0].path'],
  [BASE + REQUEST.replace('GET', 'POST').replace(' }', ", headers: { 'a b': c } }"), 'requests[0].headers'],
  [BASE + REQUEST.replace('GET', 'POST').replace(' }', ', headers: { Content-Length: "3" } }'), 'requests[0].headers'],
  [BASE + REQUEST.replace(' }', ', body: text }'), 'requests[0].method GET sends no body'],
  [BASE + REQUEST.replace('GET', 'POST').replace(' }', ', body: a, bodyFile: b }'), 'requests[0].bodyFile is a second'],
  [BASE + REQUEST.replace('GET', 'POST').replace(' }', ', body: a, contentType: a/b }'), 'requests[0].contentType'],
  [
    BASE + REQUEST.replace('GET', 'POST').replace(' }', ', bodyFile: gone.jpg }'),
    'requests[0].bodyFile cannot be read',
  ],
  [BASE + REQUEST.replace('GET', 'POST').replace(' }', ', form: { field: f, file: g } }'), 'requests[0].form'],
  [
    BASE + REQUEST.replace('GET', 'POST').replace(' }', ', form: { field: f, file: gone.jpg, contentType: a/b } }'),
    'requests[0].form.file cannot be read: gone.jpg is not there',
  ],
  [BASE + '  x: { kind: dice }\n' + REQUEST, 'parameters.x.kind'],
  [BASE + '  x: { kind: integer, from: 1 }\n' + REQUEST, 'parameters.x'],
  [BASE + '  x: { kind: integer, from: 2, to: 1 }\n' + REQUEST, 'parameters.x from'],
  [BASE + '  x: { kind: date, from: 2015-02-30, to: 2015-04-01 }\n' + REQUEST, 'parameters.x from: 2015-02-30'],
  [BASE + '  x: { kind: laterDate, after: y, days: 1 }\n' + REQUEST, 'parameters.x after: y'],
  [BASE + '  x: { kind: laterDate, after: day }\n' + REQUEST, 'parameters.x needs either'],
  [BASE + '  x: { kind: laterDate, after: day, to: 2015-04-10 }\n' + REQUEST, 'parameters.x to must be later'],
  [BASE + '  x: { kind: choice, of: { a: -1 } }\n' + REQUEST, 'parameters.x.of.a'],
  [BASE + '  x: { kind: choice, of: { "\\ud800": 1 } }\n' + REQUEST, 'parameters.x of: half a character'],
  ['name: [', 'the file is not YAML'],
])('a wrong mix is refused by the name of its field (%#)', (text, says) => {
  const mix = parseMix(text, 'my.yaml', (path) => {
    throw new Error(`${path} is not there`);
  });
  expect(mix.ok).toBe(false);
  expect(!mix.ok && mix.failure.code).toBe('INVALID_MIX');
  expect(!mix.ok && mix.failure.message).toContain(`my.yaml: ${says}`);
});

test("wrk2's script has the ratios and ranges of the mix", () => {
  const script = readFileSync(
    new URL('../../../../tools/load-generator/wrk2/hotel-reservation.lua', import.meta.url),
    'utf8',
  );
  const { requests, parameters } = hotel();
  const ratios = /local ratio = \{([^}]*)\}/.exec(script)?.[1] ?? '';
  for (const { name, weight } of requests) expect(ratios).toContain(`${name} = ${weight}`);
  const { lat, lon, hotel: hotels, user } = parameters;
  for (const position of [lat, lon]) {
    if (position?.kind !== 'decimal') throw new Error('a position is a decimal');
    expect(script).toContain(
      `${position.from} + math.random(0, ${Math.round((position.to - position.from) * 1000)}) / 1000`,
    );
  }
  for (const range of [hotels, user]) {
    if (range?.kind !== 'integer') throw new Error('an id is an integer');
    expect(script).toContain(`math.random(${range.from}, ${range.to})`);
  }
});
