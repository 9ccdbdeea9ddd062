import { expect, it } from 'vitest';
import { withKnownValues } from './known-values.ts';

const KNOWN = { also: { node: ['node-1'] }, only: { continue: ['next'] } };
const TEXT = { type: 'string' };
const NODE = { anyOf: [{ type: 'string', enum: ['node-1'] }, TEXT] };

it('lets parameters and bodies take what there is, and leaves answers alone', () => {
  const responses = { 200: { schema: { type: 'object', properties: { node: TEXT } } } };
  const body = { type: 'object', properties: { node: TEXT, kind: { const: 'drainNode', type: 'string' } } };
  const operation = {
    parameters: [
      { name: 'node', in: 'path', schema: TEXT },
      { name: 'continue', in: 'query', schema: TEXT },
      { name: 'limit', in: 'query', schema: { type: 'integer' } },
    ],
    requestBody: { schema: { anyOf: [body] } },
    responses,
  };
  expect(withKnownValues({ paths: { '/nodes/{node}': { get: operation } } }, KNOWN)).toEqual({
    paths: {
      '/nodes/{node}': {
        get: {
          parameters: [
            { name: 'node', in: 'path', schema: NODE },
            { name: 'continue', in: 'query', schema: { type: 'string', enum: ['next'] } },
            { name: 'limit', in: 'query', schema: { type: 'integer' } },
          ],
          requestBody: { schema: { anyOf: [{ ...body, properties: { ...body.properties, node: NODE } }] } },
          responses,
        },
      },
    },
  });
});
