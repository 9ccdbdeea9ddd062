/** A response that is pushed piece by piece and tells when its reader does not keep up. */
import { Readable } from 'node:stream';
import { Type } from 'typebox';

/** Schema of such a response: text without an end. Its headers go out with the first piece. */
export const PushedText = Type.Unsafe<Readable>(Type.String());

export class PushStream extends Readable {
  readonly #drained: () => void;
  #full = false;

  /** `drained` is called when a reader that was behind takes more. */
  constructor(drained: () => void) {
    super({ highWaterMark: 256 * 1024 });
    this.#drained = drained;
  }

  /** False when the reader is behind: send no more until `drained`. */
  send(text: string | Uint8Array): boolean {
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
