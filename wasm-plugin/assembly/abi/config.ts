/** Reads the plugin's configuration, a small JSON object. Total: a field that it cannot read counts as absent. */

import { same, startsWith } from './bytes';

const TRUE = String.UTF8.encode('true');

let cursor: usize = 0;
let stop: usize = 0;

/** Where the last found string is, without its quotes. */
export let foundAt: usize = 0;
export let foundLength: i32 = 0;

function skipSpace(): void {
  while (cursor < stop && load<u8>(cursor) <= 0x20) cursor++;
}

function skipByte(byte: u8): bool {
  skipSpace();
  if (cursor >= stop || load<u8>(cursor) != byte) return false;
  cursor++;
  return true;
}

/** Reads a string into `foundAt`; false when there is none, or one with escapes: no cluster name needs them. */
function readString(): bool {
  if (!skipByte(0x22)) return false;
  foundAt = cursor;
  let escaped = false;
  while (cursor < stop && load<u8>(cursor) != 0x22) {
    if (load<u8>(cursor) == 0x5c) {
      escaped = true;
      cursor++;
    }
    cursor++;
  }
  if (cursor >= stop) return false;
  foundLength = <i32>(cursor - foundAt);
  cursor++;
  return !escaped;
}

/** Skips a value of any kind up to the comma or brace that ends it, past strings and nested values. */
function skipValue(): void {
  let depth = 0;
  while (cursor < stop) {
    const byte = load<u8>(cursor);
    if (byte == 0x22) {
      readString();
      continue;
    }
    if (byte == 0x7b || byte == 0x5b) depth++;
    if (byte == 0x7d || byte == 0x5d) {
      if (depth == 0) return;
      depth--;
    }
    if (byte == 0x2c && depth == 0) return;
    cursor++;
  }
}

/** Moves the cursor to the value under `name` at the top level of the JSON object in n bytes at p. */
function findValue(p: usize, n: i32, name: ArrayBuffer): bool {
  cursor = p;
  stop = p + n;
  if (!skipByte(0x7b)) return false;
  do {
    if (!readString()) return false;
    const matches = same(foundAt, foundLength, changetype<usize>(name), name.byteLength);
    if (!skipByte(0x3a)) return false;
    skipSpace();
    if (matches) return true;
    skipValue();
  } while (skipByte(0x2c));
  return false;
}

/** Finds the string under `name`. */
export function findString(p: usize, n: i32, name: ArrayBuffer): bool {
  return findValue(p, n, name) && readString();
}

/** The whole number under `name`, up to nine digits; -1 when there is none. */
export function findNumber(p: usize, n: i32, name: ArrayBuffer): i32 {
  if (!findValue(p, n, name)) return -1;
  let value = -1;
  for (let digits = 0; cursor < stop && digits < 9; digits++, cursor++) {
    const digit = <i32>load<u8>(cursor) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = max(value, 0) * 10 + digit;
  }
  return value;
}

/** Whether the value under `name` is `true`. */
export function isSet(p: usize, n: i32, name: ArrayBuffer): bool {
  return findValue(p, n, name) && startsWith(cursor, <i32>(stop - cursor), TRUE);
}
