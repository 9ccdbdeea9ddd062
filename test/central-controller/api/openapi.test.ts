import { format } from 'prettier';
import { beforeAll, expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import { createLoop } from '../fixtures.ts';
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
