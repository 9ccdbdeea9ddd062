/** Numbers out of kernel text files, straight from the bytes: no strings are made, four times a second per replica. */

const NEWLINE = 10;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;

/** The bytes of a field's name as it stands in the file, its separator included, for `fieldValue`. */
export function fieldName(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The unsigned decimal integer at `at`, or undefined where no digit stands there. */
export function numberAt(bytes: Uint8Array, length: number, at: number): number | undefined {
  let value = 0;
  let digits = 0;
  while (at < length) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) break;
    value = value * 10 + (byte - ZERO);
    digits++;
    at++;
  }
  return digits === 0 ? undefined : value;
}

/** Where the line that starts with `name` goes on after it, or -1. */
function afterName(bytes: Uint8Array, length: number, name: Uint8Array): number {
  let lineStart = 0;
  while (lineStart + name.length <= length) {
    let matched = 0;
    while (matched < name.length && bytes[lineStart + matched] === name[matched]) matched++;
    if (matched === name.length) return lineStart + matched;
    const newline = bytes.indexOf(NEWLINE, lineStart);
    if (newline < 0 || newline >= length) return -1;
    lineStart = newline + 1;
  }
  return -1;
}

/** The number that follows `name` at the start of a line, such as 17 in `usage_usec 17`. */
export function fieldValue(bytes: Uint8Array, length: number, name: Uint8Array): number | undefined {
  const at = afterName(bytes, length, name);
  return at < 0 ? undefined : numberAt(bytes, length, at);
}

/** Where the word after the one at `at` begins, or `length`. Words are separated by spaces; a line's end ends all. */
export function nextWord(bytes: Uint8Array, length: number, at: number): number {
  while (at < length && bytes[at] !== SPACE && bytes[at] !== NEWLINE) at++;
  while (at < length && bytes[at] === SPACE) at++;
  return at;
}

/** The CPUs that a kernel list such as `0-3,8,10-11` names; undefined where it is none. */
export function cpuList(list: string): Set<number> | undefined {
  const cpus = new Set<number>();
  for (const part of list.trim().split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) return undefined;
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return cpus;
}
