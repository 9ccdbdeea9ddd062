/** What the plugin repeats of the contract must stay equal to it. */
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { AGENT_CLUSTER, ENDPOINT_HEADER, LOAD_HEADER, SESSION_HEADER, UNREACHED_HEADER } from '../../contract/names.ts';

it('the plugin has the same names as the contract', async () => {
  const source = await readFile(new URL('../../wasm-plugin/assembly/abi/names.ts', import.meta.url), 'utf8');
  const repeated = new Map<string, string>();
  for (const [, name = '', value = ''] of source.matchAll(/export const (\w+) = String\.UTF8\.encode\('([^']*)'\)/g)) {
    repeated.set(name, value);
  }
  const contract = { ENDPOINT_HEADER, SESSION_HEADER, LOAD_HEADER, UNREACHED_HEADER, AGENT_CLUSTER };
  expect(Object.fromEntries(repeated)).toMatchObject(contract);
});
