import { json } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { ask, askContinuously, csvLine } from '../../../../apps/playlist-recommender/client/ask.ts';
import { stubServer } from '../../../tools/load-generator/stub-server.ts';

test('sends the request that the service documents', async () => {
  const { url } = await stubServer(async (request, response) => {
    const { songs } = (await json(request)) as { songs: string[] };
    response.end(JSON.stringify({ songs, version: request.url, model_date: request.method }));
  });
  const answer = await ask({ url }, ['One', 'Two']);
  expect(answer).toEqual({ songs: ['One', 'Two'], version: '/api/recommend', model_date: 'POST' });
});

test('throws the reason of a failure', async () => {
  const { url, close } = await stubServer((_request, response) =>
    response.writeHead(400).end('{"message":"songs: no"}'),
  );
  await expect(ask({ url }, [])).rejects.toThrow(`${url.href} answers 400: {"message":"songs: no"}`);
  await close();
  await expect(ask({ url }, [])).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
});

test('repeats until it is stopped, with a line when version or date change, and a warning when there is no answer', async () => {
  const A = { songs: [], version: '1', model_date: 'may' };
  const B = { ...A, version: '1,1' };
  const C = { ...B, model_date: 'june' };
  const answers = [A, A, B, undefined, undefined, B, C, C];
  let asked = 0;
  const { url } = await stubServer((_request, response) => {
    const answer = answers[asked++];
    if (asked === answers.length) ended.abort();
    response.writeHead(answer ? 200 : 503).end(JSON.stringify(answer ?? {}));
  });
  const ended = new AbortController();
  const [lines, warnings]: [string[], string[]] = [[], []];
  await askContinuously({ url }, ['One'], {
    intervalMs: 1,
    signal: ended.signal,
    now: () => new Date(Date.UTC(2026, 0, asked)),
    print: (line) => lines.push(line),
    warn: (message) => warnings.push(message),
  });
  expect(lines).toEqual([
    'time,version,model_date',
    '2026-01-01T00:00:00.000Z,1,may',
    '2026-01-03T00:00:00.000Z,"1,1",may',
    '2026-01-07T00:00:00.000Z,"1,1",june',
  ]);
  expect(warnings).toEqual([`${url.href} answers 503: {}`]);
});

describe('a line of CSV', () => {
  test.each([
    [['a', 'b c'], 'a,b c'],
    [['a,b', ''], '"a,b",'],
    [['say "a"', 'b\nc'], '"say ""a""","b\nc"'],
  ])('of %j is %j', (fields, line) => {
    expect(csvLine(fields)).toBe(line);
  });
});
