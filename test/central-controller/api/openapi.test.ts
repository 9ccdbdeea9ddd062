import { format } from 'prettier';
import { Errors } from 'typebox/schema';
import { beforeAll, expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import { createLoop, runTraffic } from '../fixtures.ts';
import { apiPage, type OpenApi } from './api-page.ts';

const reference = (file: string) => new URL(`../../../docs/reference/${file}`, import.meta.url).pathname;

let served: OpenApi & { readonly openapi: string };

beforeAll(async () => {
  const app = await createServer(createLoop().loop);
  served = (await app.inject({ url: '/api/v1/openapi.json' })).json<typeof served>();
  await app.close();
});

// After a change on purpose: npx vitest run test/central-controller/api/openapi.test.ts -u
it('answers with the OpenAPI document that docs/reference holds', async () => {
  expect(served.openapi).toBe('3.1.0');
  const text = await format(JSON.stringify(served), { parser: 'json', printWidth: 120 });
  await expect(text).toMatchFileSnapshot(reference('openapi.json'));
});

it('is explained by docs/reference', async () => {
  const text = await format(apiPage(served), { parser: 'markdown', printWidth: 120, proseWrap: 'preserve' });
  await expect(text).toMatchFileSnapshot(reference('api.md'));
});

it('says of every problem that it is one', () => {
  for (const [path, methods] of Object.entries(served.paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      for (const [status, response] of Object.entries(responses)) {
        const types = Object.keys(response.content ?? {});
        if (status === 'default' || Number(status) >= 400)
          expect(types, `${method} ${path} ${status}`).toEqual(['application/problem+json']);
        else expect(types, `${method} ${path} ${status}`).not.toContain('application/problem+json');
      }
    }
  }
});

it('describes the lists of nodes and replicas as they are', async () => {
  const test = createLoop();
  const app = await createServer(test.loop);
  test.loop.start();
  runTraffic(test, 5);
  for (const path of ['/api/v1/nodes', '/api/v1/replicas']) {
    const schema = served.paths[path]?.['get']?.responses['200']?.content?.['application/json']?.schema;
    const [, errors] = Errors(schema ?? false, (await app.inject({ url: path })).json());
    expect(errors, path).toEqual([]);
  }
  await app.close();
});
