/** A kernel file that is read again and again: opened once, then `pread` into one shared buffer. */
import { closeSync, openSync, readSync } from 'node:fs';

/** Shared by all files of the process: a reading is parsed before the next one is made. */
const shared = Buffer.allocUnsafeSlow(256 * 1024);

/** `gone`: the file was there and its group or process has ended; `absent`: it cannot be opened at all. */
export type FileState = 'open' | 'absent' | 'gone';

export class KernelFile {
  /** The bytes of the last `read`, valid until any file is read. */
  readonly bytes: Buffer = shared;
  #fd: number | undefined;
  #state: FileState;

  constructor(path: string) {
    try {
      this.#fd = openSync(path, 'r');
      this.#state = 'open';
    } catch {
      this.#state = 'absent';
    }
  }

  get state(): FileState {
    return this.#state;
  }

  /** Reads from the start of the file; returns how many bytes there are, 0 when it cannot be read any more. */
  read(): number {
    if (this.#fd === undefined) return 0;
    try {
      return readSync(this.#fd, shared, 0, shared.length, 0);
    } catch {
      this.close();
      this.#state = 'gone';
      return 0;
    }
  }

  close(): void {
    if (this.#fd === undefined) return;
    const fd = this.#fd;
    this.#fd = undefined;
    this.#state = 'gone';
    try {
      closeSync(fd);
    } catch {
      // Closed all the same: Linux frees the descriptor whatever close answers.
    }
  }
}
