/** Writes and sends one HTTP call of the plugin itself at a time. */
import { at, call } from './host';

export const PATH = String.UTF8.encode(':path');
export const AUTHORITY = String.UTF8.encode(':authority');
export const CONTENT_TYPE = String.UTF8.encode('content-type');
export const GET = String.UTF8.encode('GET');
export const POST = String.UTF8.encode('POST');
export const OPTIONS = String.UTF8.encode('OPTIONS');
const METHOD = String.UTF8.encode(':method');

/** Enough for a few fixed headers and a few DNS names. */
const headers: usize = heap.alloc(2048);
let end: usize = 0;
let put: i32 = 0;

/** Begins a call of `count` headers, including the method. */
export function beginCall(count: i32, method: ArrayBuffer): void {
  // The host takes: u32 count | count x (u32 name length, u32 value length) | name 0 value 0 ...
  store<u32>(headers, count);
  end = headers + 4 + 8 * count;
  put = 0;
  putHeader(METHOD, at(method), method.byteLength);
}

export function putHeader(name: ArrayBuffer, value: usize, length: i32): void {
  const sizes = headers + 4 + 8 * put++;
  store<u32>(sizes, name.byteLength);
  store<u32>(sizes, length, 4);
  memory.copy(end, at(name), name.byteLength);
  end += name.byteLength;
  store<u8>(end++, 0);
  memory.copy(end, value, length);
  end += length;
  store<u8>(end++, 0);
}

/** Sends the call; its token, or -1 when Envoy refuses it. */
export function sendCall(cluster: usize, clusterLength: i32, body: usize, bodyLength: i32, timeoutMs: u32): i32 {
  return call(cluster, clusterLength, headers, <i32>(end - headers), body, bodyLength, timeoutMs);
}
