/** Lines out of a byte stream, with a bound on their length. */

export class LineSplitter {
  #decoder = new TextDecoder('utf-8');
  #rest = '';
  #limit: number;

  /** `limit`: characters in one line; a sender that never ends a line must not fill the memory. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What came since the last newline. */
  get rest(): string {
    return this.#rest;
  }

  /** The lines that `chunk` ends, without their newlines; undefined when a line grew too long. */
  push(chunk: Uint8Array): string[] | undefined {
    const pieces = this.#decoder.decode(chunk, { stream: true }).split('\n');
    const lines: string[] = [];
    for (const [index, piece] of pieces.entries()) {
      if (this.#rest.length + piece.length > this.#limit) return undefined;
      if (index === pieces.length - 1) {
        this.#rest += piece;
      } else {
        lines.push(this.#rest + piece);
        this.#rest = '';
      }
    }
    return lines;
  }
}
