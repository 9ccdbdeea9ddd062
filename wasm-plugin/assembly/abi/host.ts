/**
 * Thin binding to proxy-wasm ABI 0.2.1 and the few WASI calls that Envoy has. Nothing here allocates: Envoy puts
 * what it hands over into one scratch area, which each callback begins empty.
 */
import {
  proxy_log,
  proxy_set_tick_period_milliseconds,
  proxy_get_property,
  proxy_get_header_map_value,
  proxy_get_header_map_pairs,
  proxy_replace_header_map_value,
  proxy_remove_header_map_value,
  proxy_get_buffer_bytes,
  proxy_get_shared_data,
  proxy_set_shared_data,
  proxy_http_call,
  proxy_define_metric,
  proxy_increment_metric,
  proxy_record_metric,
} from './env';
import { SCRATCH_BYTES } from './limits';
import { clock_time_get, random_get } from './wasi_snapshot_preview1';

export const REQUEST_HEADERS: i32 = 0;
export const RESPONSE_HEADERS: i32 = 2;
export const RESPONSE_TRAILERS: i32 = 3;
export const CALL_RESPONSE_HEADERS: i32 = 6;
export const CALL_RESPONSE_BODY: i32 = 4;
export const PLUGIN_CONFIGURATION: i32 = 7;
export const LOG_WARN: i32 = 3;
export const COUNTER: i32 = 0;
export const GAUGE: i32 = 1;

const NOT_FOUND: i32 = 1;
const MONOTONIC: i32 = 1;
const POINTER: usize = memory.data(4, 4);
const LENGTH: usize = memory.data(4, 4);
const CAS: usize = memory.data(4, 4);
const TOKEN: usize = memory.data(4, 4);
const WORD: usize = memory.data(8, 8);
const scratch: usize = heap.alloc(SCRATCH_BYTES);
let scratchUsed: i32 = 0;

/** Value of the last successful read. Valid until the callback ends. */
export let valueAt: usize = 0;
export let valueLength: i32 = 0;
/** All headers of a map as `readHeaders` got them; 0: none. */
let list: usize = 0;
/** Compare-and-swap number of the last `readShared`; 0 when there was no value. */
export let sharedCas: u32 = 0;

/** Envoy calls it for room for each value. On 0, when the area is full, Envoy returns an error to the plugin. */
export function malloc(size: i32): usize {
  const room = (size + 15) & ~15;
  if (size < 0 || room > SCRATCH_BYTES - scratchUsed) return 0;
  const at = scratch + <usize>scratchUsed;
  scratchUsed += room;
  return at;
}

/** Empties the scratch area. Call it first in every callback, and after the last use of a large value. */
export function enter(): void {
  scratchUsed = 0;
  list = 0;
}

function keepValue(result: i32): bool {
  if (result != 0) {
    valueLength = 0;
    return false;
  }
  valueAt = load<usize>(POINTER);
  valueLength = load<i32>(LENGTH);
  return valueLength > 0;
}

export function at(text: ArrayBuffer): usize {
  return changetype<usize>(text);
}

/** Reads a header into `valueAt`; false when it is absent or empty. */
export function readHeader(map: i32, name: ArrayBuffer): bool {
  return keepValue(proxy_get_header_map_value(map, at(name), name.byteLength, POINTER, LENGTH));
}

/**
 * Reads all headers of a map, for `findHeader`. Each value that Envoy hands over costs it a call of `malloc`, so all
 * headers together are cheaper than two single ones.
 */
export function readHeaders(map: i32): void {
  list = proxy_get_header_map_pairs(map, POINTER, LENGTH) == 0 ? load<usize>(POINTER) : 0;
}

/** As `readHeader`, but from what `readHeaders` got. If that did not fit, it asks Envoy. */
export function findHeader(map: i32, name: ArrayBuffer): bool {
  if (list == 0) return readHeader(map, name);
  // u32 count | count x (u32 name length, u32 value length) | name 0 value 0 ...
  const count = load<u32>(list);
  let sizes = list + 4;
  let p = sizes + 8 * count;
  for (let i: u32 = 0; i < count; i++, sizes += 8) {
    const nameLength = load<i32>(sizes);
    const length = load<i32>(sizes, 4);
    if (nameLength == name.byteLength && memory.compare(p, at(name), nameLength) == 0) {
      valueAt = p + nameLength + 1;
      valueLength = length;
      return length > 0;
    }
    p += nameLength + length + 2;
  }
  valueLength = 0;
  return false;
}

/** Whether a header is present, even if it is empty or too large for the scratch area. */
export function hasHeader(map: i32, name: ArrayBuffer): bool {
  return proxy_get_header_map_value(map, at(name), name.byteLength, POINTER, LENGTH) != NOT_FOUND;
}

export function setHeader(map: i32, name: ArrayBuffer, value: usize, length: i32): void {
  proxy_replace_header_map_value(map, at(name), name.byteLength, value, length);
}

/** Removes a header if it is present. Asking first is cheaper: on a removal Envoy chooses the route again. */
export function dropHeader(map: i32, name: ArrayBuffer): void {
  if (hasHeader(map, name)) removeHeader(map, name);
}

export function removeHeader(map: i32, name: ArrayBuffer): void {
  proxy_remove_header_map_value(map, at(name), name.byteLength);
}

/** Reads a property (path parts separated by a zero byte) into `valueAt`. */
export function readProperty(path: ArrayBuffer): bool {
  return keepValue(proxy_get_property(at(path), path.byteLength, POINTER, LENGTH));
}

/** Reads an integer property; 0 when it is absent. */
export function readIntegerProperty(path: ArrayBuffer): i64 {
  return readProperty(path) && valueLength == 8 ? load<i64>(valueAt) : 0;
}

export function readBuffer(buffer: i32, length: i32): bool {
  return length > 0 && keepValue(proxy_get_buffer_bytes(buffer, 0, length, POINTER, LENGTH));
}

/** Reads a value that all VMs of the process share into `valueAt`, and its compare-and-swap number into `sharedCas`. */
export function readShared(key: ArrayBuffer): bool {
  const result = proxy_get_shared_data(at(key), key.byteLength, POINTER, LENGTH, CAS);
  sharedCas = result == 0 ? load<u32>(CAS) : 0;
  return keepValue(result);
}

/** Writes a shared value if its number is still `cas` (0: in any case). */
export function writeShared(key: ArrayBuffer, value: usize, length: i32, cas: u32): bool {
  return proxy_set_shared_data(at(key), key.byteLength, value, length, cas) == 0;
}

/** Starts an HTTP call; its token, or -1 when Envoy refuses it, for example because the cluster does not exist. */
export function call(
  cluster: usize,
  clusterLength: i32,
  headers: usize,
  headersLength: i32,
  body: usize,
  bodyLength: i32,
  timeoutMs: u32,
): i32 {
  const result = proxy_http_call(
    cluster,
    clusterLength,
    headers,
    headersLength,
    body,
    bodyLength,
    0,
    0,
    timeoutMs,
    TOKEN,
  );
  return result == 0 ? load<i32>(TOKEN) : -1;
}

/** Last value of `monotonicMs` in this VM: at most one tick old, and free of a call to the host. */
export let lastMs: f64 = 0;

/** Monotonic clock in ms, the same in all VMs of the process. */
export function monotonicMs(): f64 {
  store<u64>(WORD, 0);
  clock_time_get(MONOTONIC, 0, WORD);
  lastMs = <f64>load<u64>(WORD) * 1e-6;
  return lastMs;
}

export function randomWord(): u64 {
  store<u64>(WORD, 0);
  random_get(WORD, 8);
  return load<u64>(WORD);
}

export function setTickPeriod(ms: u32): void {
  proxy_set_tick_period_milliseconds(ms);
}

/** Defines a metric of Envoy's statistics; its number, or -1 when Envoy refuses it. VMs share metrics by name. */
export function defineMetric(kind: i32, name: ArrayBuffer): i32 {
  return proxy_define_metric(kind, at(name), name.byteLength, TOKEN) == 0 ? load<i32>(TOKEN) : -1;
}

export function addToMetric(metric: i32, by: i64): void {
  if (metric >= 0) proxy_increment_metric(metric, by);
}

export function setMetric(metric: i32, value: u64): void {
  if (metric >= 0) proxy_record_metric(metric, value);
}

export function warn(message: ArrayBuffer): void {
  proxy_log(LOG_WARN, at(message), message.byteLength);
}

/** The compiler calls it on a failed check. It stops without an import that Envoy does not have. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}
