import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describeFailure } from '../../../../contract/errors.ts';
import { parseMix } from '../../../../tools/load-generator/workload/mix.ts';
import { seededRandom } from '../../../../apps/service/random.ts';
import { type PlannedRequest, requestSource } from '../../../../tools/load-generator/workload/requests.ts';

const PHOTO = Uint8Array.from({ length: 256 }, (_, byte) => byte);

/** Requests of a mix with one request, whose files all hold `PHOTO`. */
function requestsOf(request: string, parameters = '{}', count = 1): PlannedRequest[] {
  const text = `name: m\nparameters: ${parameters}\nrequests:\n  - { name: r, weight: 1, method: POST, path: '/{x}', ${request} }\n`;
  const mix = parseMix(parameters.includes('x:') ? text : text.replace('{x}', ''), 'm.yaml', () => PHOTO);
  if (!mix.ok) throw new Error(describeFailure(mix.failure));
  const next = requestSource(mix.value, String, seededRandom(1));
  return Array.from({ length: count }, () => next());
}

function one(request: string, parameters?: string): PlannedRequest {
  const [first] = requestsOf(request, parameters);
  if (!first) throw new Error('one was asked for');
  return first;
}

const SONGS = `{ song: { kind: choice, of: { "Don't Stop": 1, 'She said "yes" \\ no': 1, '{"{braces}"}': 1 } } }`;

test('a JSON body keeps its braces, and any name of a song stays one text in it', () => {
  const request = `headers: { Content-Type: application/json; charset=utf-8 }, body: '{"songs":["{song}"],"other":{}}'`;
  const sent = requestsOf(request, SONGS, 60).map(({ body }) => JSON.parse(String(body)) as { songs: string[] });
  expect(new Set(sent.map(({ songs }) => songs[0]))).toEqual(
    new Set(["Don't Stop", 'She said "yes" \\ no', '{"{braces}"}']),
  );
  for (const body of sent) expect(body).toMatchObject({ songs: [expect.any(String)], other: {} });
});

test('whatever a value is, it is one text in a JSON body, and one value in a query', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (value) => {
      const mix = {
        name: 'any',
        parameters: { song: { kind: 'choice', of: { [value]: 1 } } },
        requests: [
          {
            name: 'r',
            weight: 1,
            method: 'POST',
            path: '/?song={song}',
            headers: { 'content-type': 'application/json' },
            body: '{"song":"{song}","{other}":{}}',
          },
        ],
      };
      const read = parseMix(JSON.stringify(mix), 'any.json', () => PHOTO);
      if (!read.ok) throw new Error(describeFailure(read.failure));
      const { path, body } = requestSource(read.value, String, seededRandom(1))();
      expect(JSON.parse(String(body))).toEqual({ song: value, '{other}': {} });
      expect(new URL(path, 'http://host').searchParams.get('song')).toBe(value);
    }),
  );
});

test('a parameter has one value in path and body', () => {
  const { path, body } = one(`body: 'x={x}'`, '{ x: { kind: integer, from: 0, to: 1000000 } }');
  expect(`/${String(body).slice(2)}`).toBe(path);
});

test('values are escaped for the type of the body', () => {
  const parameters = `{ t: { kind: choice, of: { 'a&b="c d"': 1 } } }`;
  expect(one(`body: 't={t}'`, parameters).body).toBe('t=a&b="c d"');
  const form = `headers: { content-type: application/x-www-form-urlencoded }, body: 't={t}'`;
  expect(new URLSearchParams(String(one(form, parameters).body)).get('t')).toBe('a&b="c d"');
});

test('a body that is always the same is encoded once', () => {
  const [first, second] = requestsOf(`body: '{"a":{b}}'`, SONGS, 2);
  expect(Buffer.from(first?.body ?? '').toString()).toBe('{"a":{b}}');
  expect(second?.body).toBe(first?.body);
});

test('a file is sent as it is', () => {
  const { body, headers } = one('bodyFile: photo.jpg, contentType: image/jpeg');
  expect(body).toEqual(PHOTO);
  expect(headers).toEqual({ 'content-type': 'image/jpeg' });
});

test('a form is what any reader of multipart takes it for', async () => {
  const [first, second] = requestsOf(
    `form: { field: 'my"file', file: 'photos/ä "1".jpg', contentType: image/jpeg }`,
    '{}',
    2,
  );
  expect(second?.body).toBe(first?.body);
  const body = Buffer.from(first?.body ?? '');
  const form = await new Response(body, { headers: first?.headers ?? {} }).formData();
  const file = form.get('my"file');
  if (!(file instanceof File)) throw new Error('the field holds a file');
  expect([file.name, file.type]).toEqual(['ä "1".jpg', 'image/jpeg']);
  expect(new Uint8Array(await file.arrayBuffer())).toEqual(PHOTO);
});
