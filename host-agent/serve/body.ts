/** Bodies of requests as they come in, with bounds on each and on all that are under way at the same time. */
import type { IncomingMessage } from 'node:http';

/** Beyond a first piece, room is taken in no smaller steps. */
const MIN_ROOM = 16 * 1024;
const NOTHING = Buffer.alloc(0);

/** In bytes. */
export interface BodyLimits {
  readonly each: number;
  /** Of those that are not yet complete; at least `each`. */
  readonly together: number;
}

/** Why there is no body: it is larger than one may be, or had to make room for others. */
export type NoBody = 'too large' | 'no room';

interface Body {
  /** The first `length` bytes are filled. */
  room: Buffer;
  length: number;
  readonly end: (outcome: NoBody) => void;
}

/**
 * Gives memory back at once: tens of megabytes that lie outside of its own heap hardly make the garbage collector run,
 * while a small pod is ended for them. What shares its memory with others is left to the collector.
 */
function release({ buffer, byteLength }: Buffer): void {
  if (byteLength > 0 && buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** Reads a body that nobody wants: else it would stop the connection. */
export function discardBody(request: IncomingMessage): void {
  request.on('data', release);
}

/**
 * When there is no room left, the oldest goes: an honest one is complete within moments, and must not be kept out by
 * others that are begun and never ended.
 */
export class Bodies {
  #limits: BodyLimits;
  /** Begun and not complete, oldest first. */
  #open = new Set<Body>();
  #held = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Bytes of room that bodies take which are not complete. */
  get held(): number {
    return this.#held;
  }

  /** Calls back once, or never when the request breaks off. The body is there until that returns, and no longer. */
  read(request: IncomingMessage, done: (body: Buffer | NoBody) => void): void {
    let isOver = false;
    const end = (outcome?: Buffer | NoBody): void => {
      if (isOver) return;
      isOver = true;
      this.#open.delete(body);
      this.#held -= body.room.length;
      if (outcome !== undefined) done(outcome);
      release(body.room);
      body.room = NOTHING;
    };
    const body: Body = { room: NOTHING, length: 0, end };
    request.on('data', (chunk: Buffer) => {
      if (!isOver) {
        if (body.length + chunk.length > this.#limits.each) end('too large');
        else this.#append(body, chunk);
      }
      if (body.room !== chunk) release(chunk);
    });
    request.on('end', () => end(body.room.subarray(0, body.length)));
    request.on('error', () => end());
    request.on('close', () => end());
  }

  /** Copies all but a first piece: a body may come in a million of them, and each costs hundreds of bytes to keep. */
  #append(body: Body, chunk: Buffer): void {
    const { room } = body;
    const length = body.length + chunk.length;
    this.#held -= room.length;
    if (room.length === 0) {
      this.#open.add(body);
      body.room = chunk;
    } else if (length > room.length) {
      const wanted = Math.max(MIN_ROOM, 2 * room.length, length);
      body.room = Buffer.allocUnsafeSlow(Math.min(this.#limits.each, wanted));
      room.copy(body.room, 0, 0, body.length);
      release(room);
    }
    if (body.room !== chunk) chunk.copy(body.room, body.length);
    body.length = length;
    this.#held += body.room.length;
    for (const oldest of this.#open) {
      if (this.#held <= this.#limits.together) break;
      oldest.end('no room');
    }
  }
}
