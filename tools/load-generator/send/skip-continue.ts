/**
 * Removes interim answers "100 Continue" from what a socket reads. A server may send one unasked, and HTTP lets a client
 * ignore it (RFC 9110, 15.2), but undici closes the connection.
 */
import type { Duplex } from 'node:stream';

const HEAD = Buffer.from('HTTP/1.1 100');
const END = '\r\n\r\n';
/** A longer head is left to undici to refuse. */
const MAX_HEAD_BYTES = 16 * 1024;

/** Finds interim answers at the start of an answer, even when they arrive in pieces. */
class ContinueFilter {
  #isAtStart = true;
  #held: Buffer = Buffer.alloc(0);

  /** The next bytes are the start of an answer. */
  expectAnswer(): void {
    this.#isAtStart = true;
  }

  /** The bytes that are left of a chunk; undefined if there are none yet. */
  take(chunk: Buffer): Buffer | undefined {
    if (!this.#isAtStart) return chunk;
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    while (isInterim(bytes)) {
      const end = bytes.indexOf(END);
      if (end < 0 && bytes.length < MAX_HEAD_BYTES) {
        this.#held = bytes;
        return undefined;
      }
      if (end < 0) break;
      bytes = bytes.subarray(end + END.length);
      if (bytes.length === 0) return undefined;
    }
    this.#isAtStart = false;
    return bytes;
  }
}

/** Whether the bytes are the beginning of an interim answer, as far as there are any. */
function isInterim(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, HEAD.length);
  return bytes.subarray(0, length).equals(HEAD.subarray(0, length));
}

/** The same socket without interim answers. Each of its requests must be written before its answer begins. */
export function skipContinue<Socket extends Duplex>(socket: Socket): Socket {
  const filter = new ContinueFilter();
  const { read, write } = socket;
  socket.read = (size?: number): unknown => {
    for (;;) {
      const chunk = read.call(socket, size) as Buffer | null;
      if (chunk === null) return null;
      const rest = filter.take(chunk);
      if (rest !== undefined) return rest;
    }
  };
  socket.write = ((...args: Parameters<Duplex['write']>) => {
    filter.expectAnswer();
    return write.apply(socket, args);
  }) as Duplex['write'];
  return socket;
}
