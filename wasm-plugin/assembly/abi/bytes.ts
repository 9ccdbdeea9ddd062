/** Functions on bytes: hashes, comparison, decimal numbers, base64. */

/** 32-bit FNV-1a, as the table's encoder computes it. */
export function fnv1a(p: usize, n: i32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i = 0; i < n; i++) hash = (hash ^ load<u8>(p + i)) * 0x01000193;
  return hash;
}

export const FNV64_START: u64 = 0xcbf29ce484222325;

/** 64-bit FNV-1a. `start` is the hash of the part before, or FNV64_START. */
export function fnv1a64(p: usize, n: i32, start: u64): u64 {
  let hash = start;
  for (let i = 0; i < n; i++) hash = (hash ^ load<u8>(p + i)) * 0x100000001b3;
  // A zero byte between parts: "ab" + "c" is not "a" + "bc".
  return hash * 0x100000001b3;
}

export function same(a: usize, an: i32, b: usize, bn: i32): bool {
  return an == bn && memory.compare(a, b, an) == 0;
}

export function startsWith(p: usize, n: i32, prefix: ArrayBuffer): bool {
  return n >= prefix.byteLength && memory.compare(p, changetype<usize>(prefix), prefix.byteLength) == 0;
}

/** Writes `value` in decimal; the number of digits written, at most 20. */
export function writeDecimal(value: u64, p: usize): i32 {
  let digits = 1;
  for (let rest = value / 10; rest > 0; rest /= 10) digits++;
  for (let i = digits - 1; i >= 0; i--) {
    store<u8>(p + i, 0x30 + <u8>(value % 10));
    value /= 10;
  }
  return digits;
}

/** Writes a number of at least 0 with six decimals; the bytes written, at most 20. */
export function writeMillionths(value: f64, p: usize): i32 {
  const millionths = <u64>(min(max(value, 0), 1e12) * 1e6 + 0.5);
  const whole = writeDecimal(millionths / 1_000_000, p);
  store<u8>(p + whole, 0x2e);
  let rest = <u32>(millionths % 1_000_000);
  for (let i = 6; i > 0; i--) {
    store<u8>(p + whole + i, 0x30 + <u8>(rest % 10));
    rest /= 10;
  }
  return whole + 7;
}

function sextet(character: u8): i32 {
  if (character >= 0x41 && character <= 0x5a) return character - 0x41;
  if (character >= 0x61 && character <= 0x7a) return character - 0x61 + 26;
  if (character >= 0x30 && character <= 0x39) return character - 0x30 + 52;
  if (character == 0x2b) return 62;
  return character == 0x2f ? 63 : -1;
}

/** Decodes up to `n` bytes of base64, up to the first other byte; the number of bytes written, at most 3/4 of `n`. */
export function decodeBase64(p: usize, n: i32, to: usize): i32 {
  let bits: u32 = 0;
  let count = 0;
  let written = 0;
  for (let i = 0; i < n; i++) {
    const value = sextet(load<u8>(p + i));
    if (value < 0) break;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    store<u8>(to + written++, <u8>(bits >> count));
  }
  return written;
}

/** Reduces `host:port` or `[host]:port` to the host, in place; its length. */
export function hostOf(p: usize, n: i32): i32 {
  let end = n;
  while (end > 0 && load<u8>(p + end - 1) != 0x3a) end--;
  let length = max(end - 1, 0);
  if (length >= 2 && load<u8>(p) == 0x5b && load<u8>(p + length - 1) == 0x5d) {
    length -= 2;
    memory.copy(p, p + 1, length);
  }
  return length;
}

/** Address of the `count`-th `byte`; `end` when there are fewer. */
export function skipTo(byte: u8, count: i32, p: usize, end: usize): usize {
  while (p < end && (load<u8>(p) != byte || --count > 0)) p++;
  return p;
}

/** Reads up to 15 decimal digits, so that no sum overflows; -1 when there is none. */
export function readDecimal(p: usize, end: usize): i64 {
  let value: i64 = -1;
  const last = min(end, p + 15);
  while (p < last) {
    const digit = <i64>load<u8>(p) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = max<i64>(value, 0) * 10 + digit;
    p++;
  }
  return value;
}
