/**
 * What proxies are answered of each service: one encoded block, made when a proxy first wants it and written anew when the
 * controller changes the service. Versions count within the epoch of this process.
 */
import { encodeBlock, setBlockWeights } from '../../contract/sync-answer.ts';
import type { Change, HeldAssignments } from '../uplink/held-assignments.ts';

interface Block {
  version: number;
  /** Undefined until it is wanted. */
  bytes: Buffer | undefined;
}

export class ServiceBlocks {
  /** Another one for each process: versions of the agent before this one mean nothing. */
  readonly epoch: number;
  readonly #held: HeldAssignments;
  readonly #blocks = new Map<string, Block>();
  #version = 0;

  /** `wallClockMs` is the time since 1970 at the start of the process. */
  constructor(held: HeldAssignments, wallClockMs: number) {
    this.#held = held;
    this.epoch = wallClockMs * 1000;
  }

  /** Bytes of all blocks that proxies have asked for. */
  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.#blocks.values()) sum += bytes?.length ?? 0;
    return sum;
  }

  /** Takes over what a line changed in the assignments. */
  changed({ services }: Change): void {
    for (const [key, kind] of services) {
      const block = this.#blocks.get(key);
      if (block === undefined) continue;
      block.version = ++this.#version;
      const service = this.#held.services.get(key);
      if (kind === 'rows' || service === undefined) block.bytes = undefined;
      else if (block.bytes !== undefined) {
        setBlockWeights(
          block.bytes,
          block.version,
          service.replicas.map(({ weight }) => weight),
        );
      }
    }
  }

  /** Forgets all services but these. */
  retain(wanted: ReadonlySet<string>): void {
    for (const key of this.#blocks.keys()) if (!wanted.has(key)) this.#blocks.delete(key);
  }

  /** What was held is forgotten. */
  clear(): void {
    this.#blocks.clear();
  }

  /** Version of the service; undefined while the controller has not said how it is balanced, or that it is not. */
  versionOf(key: string): number | undefined {
    return this.#held.isKnown(key) ? this.#block(key).version : undefined;
  }

  /** The block of a service that is known. Valid until the next change: an answer copies it. */
  blockOf(key: string): Buffer {
    const block = this.#block(key);
    return (block.bytes ??= encodeBlock(key, block.version, this.#held.services.get(key)));
  }

  #block(key: string): Block {
    const known = this.#blocks.get(key);
    if (known !== undefined) return known;
    const block = { version: ++this.#version, bytes: undefined };
    this.#blocks.set(key, block);
    return block;
  }
}
