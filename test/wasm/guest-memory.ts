/** Reads and writes a module's linear memory. Its buffer is replaced when the memory grows: no view is kept. */
import type { WasmMemory } from './web-assembly.ts';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class GuestMemory {
  readonly #guest: { memory: WasmMemory; malloc(size: number): number };

  constructor(guest: { memory: WasmMemory; malloc(size: number): number }) {
    this.#guest = guest;
  }

  get #view(): DataView {
    return new DataView(this.#guest.memory.buffer);
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#guest.memory.buffer, at >>> 0, length >>> 0);
  }

  text(at: number, length: number): string {
    return decoder.decode(this.bytes(at, length));
  }

  setU32(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  setU64(at: number, value: bigint): void {
    this.#view.setBigUint64(at, value, true);
  }

  /** Hands a value over in memory that the module allocates; false when it has no room. */
  give(value: string | Uint8Array, pointerAt: number, lengthAt: number): boolean {
    const bytes = typeof value === 'string' ? encoder.encode(value) : value;
    let at = 0;
    if (bytes.length > 0) {
      at = this.#guest.malloc(bytes.length) >>> 0;
      if (at === 0) return false;
      this.bytes(at, bytes.length).set(bytes);
    }
    this.setU32(pointerAt, at);
    this.setU32(lengthAt, bytes.length);
    return true;
  }

  /** Headers as the module serialises them: count, sizes, then names and values each ended by a zero byte. */
  pairs(at: number): Map<string, string> {
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
