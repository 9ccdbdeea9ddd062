import { format } from 'prettier';
import { expect, it } from 'vitest';
import { createServer } from '../../../central-controller/api/server.ts';
import { createLoop } from '../fixtures.ts';

const document = new URL('../../../docs/reference/openapi.json', import.meta.url);

it('answers with the OpenAPI document that docs/reference holds', async () => {
  const app = await createServer(createLoop().loop);
  const served = (await app.inject({ url: '/api/v1/openapi.json' })).json<{ openapi: string; paths: object }>();
  await app.close();
  expect(served.openapi).toBe('3.1.0');
  // After a change on purpose: npx vitest run test/central-controller/api/openapi.test.ts -u
  const text = await format(JSON.stringify(served), { parser: 'json', printWidth: 120 });
  await expect(text).toMatchFileSnapshot(document.pathname);
});
