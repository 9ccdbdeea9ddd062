import { describe, expect, test } from 'vitest';
import { askContinuously, csvLine } from '../../../../apps/playlist-recommender/client/ask-continuously.ts';
import { stubServer } from '../../../tools/load-generator/stub-server.ts';

const A = { songs: [], version: '1', model_date: 'may', model_version: '5' };
const B = { ...A, version: '1,1' };

/** Lines of a client that is answered so, one after the other; undefined is a 503. */
async function linesFor(answers: readonly (object | undefined)[], onlyChanges: boolean): Promise<string[]> {
  const ended = new AbortController();
  let asked = 0;
  const { url } = await stubServer((_request, response) => {
    const answer = answers[asked++];
    if (asked === answers.length) ended.abort();
    response.setHeader('x-served-by', 'r-0');
    response.writeHead(answer ? 200 : 503).end(JSON.stringify(answer ?? {}));
  });
  const lines: string[] = [];
  await askContinuously({ url }, ['One'], {
    intervalMs: 1,
    signal: ended.signal,
    now: () => new Date(Date.UTC(2026, 0, asked + 1)),
    onlyChanges,
    print: (line) => lines.push(line.replace(url.href, 'URL').replace(/,\d+\.\d,/, ',TIME,')),
  });
  return lines;
}

test('prints a line for each request, with its time, and for one that fails', async () => {
  expect(await linesFor([A, A, undefined, B], false)).toEqual([
    'time,version,model_date,model_version,replica,response_ms,error',
    '2026-01-01T00:00:00.000Z,1,may,5,r-0,TIME,',
    '2026-01-02T00:00:00.000Z,1,may,5,r-0,TIME,',
    '2026-01-03T00:00:00.000Z,,,,,TIME,URL answers 503: {}',
    '2026-01-04T00:00:00.000Z,"1,1",may,5,r-0,TIME,',
  ]);
});

test('prints changes alone if that is wanted', async () => {
  const lines = await linesFor([A, A, undefined, undefined, B, B, { ...B, model_date: 'june' }], true);
  expect(lines.slice(1).map((line) => line.slice(8, 10))).toEqual(['01', '03', '05', '07']);
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
