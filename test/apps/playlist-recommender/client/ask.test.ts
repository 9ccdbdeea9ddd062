import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ask } from '../../../../apps/playlist-recommender/client/ask.ts';
import { stubServer } from '../../../tools/load-generator/stub-server.ts';

test('sends the request that the service documents', async () => {
  const { url } = await stubServer(async (request, response) => {
    const { songs } = (await json(request)) as { songs: string[] };
    response.setHeader('x-served-by', 'r-1');
    response.end(JSON.stringify({ songs, version: request.url, model_date: request.method, model_version: '3' }));
  });
  expect(await ask({ url }, ['One', 'Two'])).toEqual({
    recommendation: { songs: ['One', 'Two'], version: '/api/recommend', model_date: 'POST', model_version: '3' },
    replica: 'r-1',
  });
});

test('throws the reason of a failure', async () => {
  const { url, close } = await stubServer((_request, response) =>
    response.writeHead(400).end('{"message":"songs: no"}'),
  );
  await expect(ask({ url }, [])).rejects.toThrow(`${url.href} answers 400: {"message":"songs: no"}`);
  await close();
  await expect(ask({ url }, [])).rejects.toThrow(/cannot be reached: .*ECONNREFUSED/);
});

test.each(['<html>', 'null', '[]', '{"songs":"One"}', '{"songs":[],"version":1,"model_date":""}'])(
  'takes a 200 with %s for what it is: another service',
  async (body) => {
    const { url } = await stubServer((_request, response) => response.end(body));
    await expect(ask({ url }, ['One'])).rejects.toThrow(`${url.href} does not answer with recommendations: ${body}`);
  },
);
