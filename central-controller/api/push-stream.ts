/** A response that is pushed piece by piece and tells when its reader does not keep up. */
import { pipeline, Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

export class PushStream extends Readable {
  readonly #drained: () => void;
  #full = false;

  /** `drained` is called when a reader that was behind takes more. */
  constructor(drained: () => void) {
    super({ highWaterMark: 256 * 1024 });
    this.#drained = drained;
  }

  /** False when the reader is behind: send no more until `drained`. */
  send(text: string): boolean {
    if (this.destroyed || this.readableEnded) return false;
    this.#full = !this.push(text);
    return !this.#full;
  }

  finish(): void {
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    if (!this.#full) return;
    this.#full = false;
    // Not from within the read itself: whoever answers pushes again.
    queueMicrotask(this.#drained);
  }
}

/** Answers with the stream; its headers go out at once, so that the reader knows it is connected before any piece. */
export function sendPushed(reply: FastifyReply, type: string, stream: PushStream): void {
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' });
  reply.raw.flushHeaders();
  // A reader that goes away is no error: the stream's own `close` says that it did.
  pipeline(stream, reply.raw, () => undefined);
}
