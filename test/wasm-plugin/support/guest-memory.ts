/**
 * Reads and writes a module's linear memory. Its buffer is replaced when the memory grows, which leaves the old one
 * empty: views are kept until then. Simulations cross here several times per request, so short strings, nearly all of
 * them header names and pod names that come again and again, are neither decoded nor encoded anew each time.
 */
import type { WasmMemory } from './web-assembly.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Strings up to this many bytes are remembered once seen. */
const SHORT_BYTES = 128;
const REMEMBERED = 4096;

interface Known {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** By hash; a later string with the same place takes it over. */
const known: (Known | undefined)[] = Array.from({ length: REMEMBERED });

function isAt(memory: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (memory[at + i] !== bytes[i]) return false;
  return true;
}

function decodeShort(memory: Uint8Array, at: number, length: number): string {
  let hash = length;
  for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ (memory[i] ?? 0), 0x01000193);
  const place = (hash ^ (hash >>> 15)) & (REMEMBERED - 1);
  const held = known[place];
  if (held?.bytes.length === length && isAt(memory, at, held.bytes)) return held.text;
  const bytes = memory.slice(at, at + length);
  const text = bytes.every((byte) => byte < 0x80) ? String.fromCharCode(...bytes) : decoder.decode(bytes);
  known[place] = { bytes, text };
  return text;
}

export class GuestMemory {
  readonly #guest: { memory: WasmMemory; malloc(size: number): number };
  #bytes = new Uint8Array();
  #view = new DataView(this.#bytes.buffer);

  constructor(guest: { memory: WasmMemory; malloc(size: number): number }) {
    this.#guest = guest;
  }

  /** Looks whether the memory has grown. */
  #refresh(): void {
    if (this.#bytes.length > 0) return;
    this.#bytes = new Uint8Array(this.#guest.memory.buffer);
    this.#view = new DataView(this.#guest.memory.buffer);
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#guest.memory.buffer, at >>> 0, length >>> 0);
  }

  text(at: number, length: number): string {
    this.#refresh();
    return length <= SHORT_BYTES ? decodeShort(this.#bytes, at >>> 0, length) : decoder.decode(this.bytes(at, length));
  }

  setU32(at: number, value: number): void {
    this.#refresh();
    this.#view.setUint32(at, value, true);
  }

  /** A whole number up to 2^53. */
  setU64(at: number, value: number): void {
    this.setU32(at, value % 0x1_0000_0000);
    this.setU32(at + 4, Math.floor(value / 0x1_0000_0000));
  }

  /** Hands a value over in memory that the module allocates; false when it has no room. */
  give(value: string | Uint8Array, pointerAt: number, lengthAt: number): boolean {
    if (typeof value === 'string' && value.length <= SHORT_BYTES) return this.#giveShort(value, pointerAt, lengthAt);
    const bytes = typeof value === 'string' ? encoder.encode(value) : value;
    const at = this.#allocate(bytes.length);
    if (at === undefined) return false;
    this.bytes(at, bytes.length).set(bytes);
    this.setU32(pointerAt, at);
    this.setU32(lengthAt, bytes.length);
    return true;
  }

  #giveShort(text: string, pointerAt: number, lengthAt: number): boolean {
    const at = this.#allocate(text.length);
    if (at === undefined) return false;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.give(encoder.encode(text), pointerAt, lengthAt);
      this.#bytes[at + i] = code;
    }
    this.setU32(pointerAt, at);
    this.setU32(lengthAt, text.length);
    return true;
  }

  /** Room in the module for so many bytes, none for none; undefined when it has no more. */
  #allocate(length: number): number | undefined {
    const at = length > 0 ? this.#guest.malloc(length) >>> 0 : 0;
    this.#refresh();
    return length > 0 && at === 0 ? undefined : at;
  }

  /** Headers as the module serialises them: count, sizes, then names and values each ended by a zero byte. */
  pairs(at: number): Map<string, string> {
    this.#refresh();
    const view = this.#view;
    const count = view.getUint32(at, true);
    const found = new Map<string, string>();
    let data = at + 4 + 8 * count;
    for (let i = 0; i < count; i++) {
      const nameLength = view.getUint32(at + 4 + 8 * i, true);
      const valueLength = view.getUint32(at + 8 + 8 * i, true);
      found.set(this.text(data, nameLength), this.text(data + nameLength + 1, valueLength));
      data += nameLength + valueLength + 2;
    }
    return found;
  }
}

/** Headers as Envoy hands them over all at once: count, sizes, then names and values each ended by a zero byte. */
export function encodePairs(headers: ReadonlyMap<string, string>): Uint8Array {
  const texts = [...headers].flat().map((text) => Buffer.from(text));
  const sizes = Uint32Array.of(headers.size, ...texts.map(({ length }) => length));
  return Buffer.concat([new Uint8Array(sizes.buffer), ...texts.flatMap((text) => [text, Buffer.of(0)])]);
}
