import { describe, expect, test } from 'vitest';
import { createServer } from '../../../../apps/playlist-recommender/service/server.ts';
import { ruleOf } from '../support.ts';

const MODEL = { version: '1.2.3', date: '2026-05-01T12:00:00.000Z', rules: [ruleOf('Two', 'One')] };

async function post(payload: string | object, headers: Readonly<Record<string, string>> = {}) {
  const server = createServer(() => MODEL, '7.0.0');
  return server.inject({
    method: 'POST',
    url: '/api/recommend',
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

test('answers with songs, the version of its code, and the model that they are of', async () => {
  const answer = await post({ songs: ['One', 'not a song that it knows'] });
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toEqual({ songs: ['Two'], version: '7.0.0', model_date: MODEL.date, model_version: '1.2.3' });
});

test('without rules it says so', async () => {
  const server = createServer(() => undefined, '7.0.0');
  const answer = await server.inject({ method: 'POST', url: '/api/recommend', payload: { songs: ['One'] } });
  expect(answer.statusCode).toBe(503);
  expect(answer.json()).toEqual({ message: 'there are no rules yet: the miner has not written any' });
});

describe('a request that is not as it should be is refused with the field', () => {
  test.each<[string | object, number, string]>([
    [{}, 400, 'songs'],
    [{ songs: 'One' }, 400, 'songs: must be array'],
    [{ songs: [] }, 400, 'songs: must not have fewer than 1 items'],
    [{ songs: Array.from({ length: 101 }, () => 'One') }, 400, 'songs: must not have more than 100 items'],
    [{ songs: ['One', 2] }, 400, 'songs[1]: must be string'],
    [{ songs: [''] }, 400, 'songs[0]: must not have fewer than 1 characters'],
    [{ songs: ['x'.repeat(201)] }, 400, 'songs[0]: must not have more than 200 characters'],
    [{ songs: ['One'], limit: 3 }, 400, 'limit'],
    [[], 400, 'body: must be object'],
    ['{"songs":', 400, 'body: '],
    ['', 400, 'body: '],
    [{ songs: ['x'.repeat(70_000)] }, 413, 'body: '],
  ])('%j', async (payload, status, says) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(status);
    expect((answer.json() as { message: string }).message).toContain(says);
  });

  test('what is no JSON', async () => {
    const answer = await post('songs=One', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toEqual({ message: expect.stringContaining('body: ') as string });
  });
});
