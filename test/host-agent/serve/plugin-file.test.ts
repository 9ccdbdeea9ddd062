import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPlugin } from '../../../host-agent/serve/plugin-file.ts';
import { temporaryTree } from '../support/tree.ts';

test('the digest is that of the file', () => {
  const root = temporaryTree({ 'ballast.wasm': 'module' });
  expect(openPlugin(join(root, 'ballast.wasm'))).toEqual({
    bytes: Buffer.from('module'),
    digest: createHash('sha256').update('module').digest('hex'),
  });
});

test('no flag, no plugin', () => {
  expect(openPlugin(undefined)).toBeUndefined();
});

test('a file that is not there is an error that names the flag', () => {
  expect(() => openPlugin('/no/such/ballast.wasm')).toThrow('--plugin: ');
});
