/** Finished PDFs until they are fetched or expire, in memory. The oldest go first when there is no room. */
import { LRUCache } from 'lru-cache';
import { createHash, randomBytes } from 'node:crypto';

const ID = /^([\w-]{8})\.[\w-]{22}$/;

/** Tells replicas apart by their `ip:port` without handing that out. No secret: there are not so many addresses. */
export function replicaTag(address: string): string {
  return createHash('sha256').update(address).digest('base64url').slice(0, 8);
}

export function newResultId(tag: string): string {
  return `${tag}.${randomBytes(16).toString('base64url')}`;
}

/** Tag of the replica that has the result; undefined where this is the name of none. */
export function tagOf(id: string): string | undefined {
  return ID.exec(id)?.[1];
}

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
