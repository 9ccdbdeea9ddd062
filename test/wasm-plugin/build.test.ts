import { readFile, stat } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { buildPlugin } from '../../wasm-plugin/build.ts';
import { webAssembly } from './support/web-assembly.ts';

it('builds once for the same sources', async () => {
  const path = await buildPlugin();
  const { mtimeMs } = await stat(path);
  expect(await buildPlugin()).toBe(path);
  expect((await stat(path)).mtimeMs).toBe(mtimeMs);
});

it('imports only what Envoy has, and exports no callback that it does not need', async () => {
  const module = await webAssembly.compile(await readFile(await buildPlugin()));
  const imports = webAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
  expect(imports.toSorted()).toEqual([
    'env.proxy_define_metric',
    'env.proxy_get_buffer_bytes',
    'env.proxy_get_header_map_pairs',
    'env.proxy_get_header_map_value',
    'env.proxy_get_property',
    'env.proxy_get_shared_data',
    'env.proxy_http_call',
    'env.proxy_increment_metric',
    'env.proxy_log',
    'env.proxy_record_metric',
    'env.proxy_remove_header_map_value',
    'env.proxy_replace_header_map_value',
    'env.proxy_set_shared_data',
    'env.proxy_set_tick_period_milliseconds',
    'wasi_snapshot_preview1.clock_time_get',
    'wasi_snapshot_preview1.random_get',
  ]);
  const exports = webAssembly.Module.exports(module).map(({ name }) => name);
  expect(exports.toSorted()).toEqual([
    'malloc',
    'memory',
    'proxy_abi_version_0_2_1',
    'proxy_on_configure',
    'proxy_on_delete',
    'proxy_on_http_call_response',
    'proxy_on_request_headers',
    'proxy_on_response_headers',
    'proxy_on_response_trailers',
    'proxy_on_tick',
    'proxy_on_vm_start',
  ]);
});
