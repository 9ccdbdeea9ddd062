/**
 * Finished PDFs, in memory until they expire. If there is no room, the oldest are dropped.
 *
 * The id of a result is `<tag of the replica>.<128 random bits>`: nobody can guess one, and every replica can tell
 * which replica has the result.
 */
import { LRUCache } from 'lru-cache';
import { createHash, randomBytes } from 'node:crypto';

const ID = /^([\w-]{8})\.[\w-]{22}$/;

/**
 * Identifies a replica by its `ip:port` without publishing it. It is no secret: there are few enough addresses to try.
 */
export function replicaTag(address: string): string {
  return createHash('sha256').update(address).digest('base64url').slice(0, 8);
}

export function newResultId(tag: string): string {
  return `${tag}.${randomBytes(16).toString('base64url')}`;
}

/** Tag of the replica that has the result; undefined if this is not the id of a result. */
export function tagOf(id: string): string | undefined {
  return ID.exec(id)?.[1];
}

export interface StoreLimits {
  readonly keepSeconds: number;
  readonly maxResults: number;
  readonly maxBytes: number;
}

/** Port. Milliseconds that never go back. */
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
      // A result frees its memory as soon as it expires, not at the next access.
      ttlAutopurge: true,
      perf: clock,
    });
  }

  put(id: string, pdf: Uint8Array): void {
    this.#pdfs.set(id, pdf);
  }

  get(id: string): Uint8Array | undefined {
    // A fetch does not renew a result: no client can keep its own at the cost of others.
    return this.#pdfs.peek(id);
  }

  /** Number and size of the results, including expired ones that are not removed yet. */
  get held(): { readonly results: number; readonly bytes: number } {
    return { results: this.#pdfs.size, bytes: this.#pdfs.calculatedSize };
  }
}
