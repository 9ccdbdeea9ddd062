/** Finished PDFs until they are fetched or expire, in memory. The oldest go first when there is no room. */
import { LRUCache } from 'lru-cache';

export interface StoreLimits {
  readonly keepSeconds: number;
  readonly maxResults: number;
  readonly maxBytes: number;
}

/** Port. Milliseconds, rising. */
export interface Clock {
  now(): number;
}

export class ResultStore {
  readonly #pdfs: LRUCache<string, Uint8Array>;

  constructor({ keepSeconds, maxResults, maxBytes }: StoreLimits, clock: Clock = performance) {
    this.#pdfs = new LRUCache({
      max: maxResults,
      maxSize: maxBytes,
      sizeCalculation: (pdf) => pdf.byteLength,
      ttl: keepSeconds * 1000,
      ttlResolution: 0,
      // Memory is given back when a result expires, not when somebody asks for it.
      ttlAutopurge: true,
      perf: clock,
    });
  }

  put(id: string, pdf: Uint8Array): void {
    this.#pdfs.set(id, pdf);
  }

  get(id: string): Uint8Array | undefined {
    // Fetching a result does not make it newer: nobody keeps theirs at the cost of others.
    return this.#pdfs.peek(id);
  }

  /** What is held, expired results included until they are removed. */
  get held(): { readonly results: number; readonly bytes: number } {
    return { results: this.#pdfs.size, bytes: this.#pdfs.calculatedSize };
  }
}
