/**
 * The binary answer of the agent to `POST /v1/sync`, all little-endian: blocks of the services that the proxy wants and
 * does not hold in their newest version. Every answer renews the validity of all that the proxy holds.
 *
 *     header, 32 bytes: u32 magic "BLST" | u16 format = 3 | u16 flags (1 complete, 2 the agent knows nothing yet)
 *                       | u64 epoch | u32 validForMs | u32 blocks | f32 CPU utilisation of the asking pod (0: unknown)
 *                       | u32 bytes in all
 *     block, 32 bytes:  u32 bytes of the block | u32 FNV-1a of the key | u64 version | u32 replicas | u16 key length
 *                       | u8 routing (0 not balanced, 1 Subset, 2 Endpoint) | u8 flags (1 pinning, 2 remembered) | 8 bytes 0
 *       replica, 16 bytes: f32 weight | u32 offset of its strings from the block's start | u16 name length
 *                       | u16 session length | 4 bytes 0
 *       strings: UTF-8: the key, then name and session of each replica; 0 up to a multiple of 8
 *
 * Blocks ascend by hash, then key, and each stands alone: a proxy merges two tables by copying blocks. `session` is base64 of
 * `ip:port`, the value of the session header. A version means something only within its epoch: `complete` says that the
 * blocks replace all that the proxy holds.
 */
import type { Routing } from './assignment.ts';

export const ANSWER_MAGIC = 0x54534c42;
export const ANSWER_FORMAT = 3;
export const ANSWER_HEADER_BYTES = 32;
export const BLOCK_HEADER_BYTES = 32;
export const BLOCK_REPLICA_BYTES = 16;
export const ANSWER_COMPLETE = 1;
export const ANSWER_UNKNOWN = 2;
export const BLOCK_PINNING = 1;
export const BLOCK_REMEMBERED = 2;

/** A replica as a proxy needs it. */
export interface BlockReplica {
  readonly name: string;
  /** `ip:port` */
  readonly address: string;
  readonly weight: number;
}

export interface BalancedService {
  readonly routing: Routing;
  readonly pinning: boolean;
  readonly replicas: readonly BlockReplica[];
}

export interface AnswerHeader {
  readonly epoch: number;
  readonly validForMs: number;
  readonly complete: boolean;
  /** The agent has not heard of any controller yet: the proxy keeps what it has until it expires. */
  readonly unknown: boolean;
  /** CPU utilisation of the asking pod; 0: unknown. */
  readonly cpuUtilisation: number;
}

/** CPU utilisation on the wire, where 0 means "unknown". An idle replica has the least that the plugin can report. */
export function wireUtilisation(utilisation: number | undefined): number {
  return utilisation === 0 ? 1e-6 : (utilisation ?? 0);
}

/** 32-bit FNV-1a (Fowler, Noll, Vo). */
export function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** The block of one service; undefined: nobody balances it. */
export function encodeBlock(key: string, version: number, service: BalancedService | undefined): Buffer {
  const keyBytes = Buffer.from(key);
  const strings = (service?.replicas ?? []).map(({ name, address }) => ({
    name: Buffer.from(name),
    session: Buffer.from(Buffer.from(address).toString('base64')),
  }));
  const stringsAt = BLOCK_HEADER_BYTES + strings.length * BLOCK_REPLICA_BYTES;
  const length = strings.reduce((sum, { name, session }) => sum + name.length + session.length, keyBytes.length);
  const block = Buffer.alloc(padded(stringsAt + length));
  block.writeUInt32LE(block.length, 0);
  block.writeUInt32LE(fnv1a(keyBytes), 4);
  block.writeUInt32LE(strings.length, 16);
  block.writeUInt16LE(keyBytes.length, 20);
  block.writeUInt8(service === undefined ? 0 : service.routing === 'Subset' ? 1 : 2, 22);
  block.writeUInt8(service?.pinning === true ? BLOCK_PINNING : 0, 23);
  keyBytes.copy(block, stringsAt);
  let at = stringsAt + keyBytes.length;
  for (const [index, { name, session }] of strings.entries()) {
    const row = BLOCK_HEADER_BYTES + index * BLOCK_REPLICA_BYTES;
    block.writeUInt32LE(at, row + 4);
    block.writeUInt16LE(name.length, row + 8);
    block.writeUInt16LE(session.length, row + 10);
    at += name.copy(block, at);
    at += session.copy(block, at);
  }
  setBlockWeights(block, version, service?.replicas.map(({ weight }) => weight) ?? []);
  return block;
}

/** Writes another version into a block: the same replicas in the same order, with other weights. */
export function setBlockWeights(block: Buffer, version: number, weights: ArrayLike<number>): void {
  block.writeBigUInt64LE(BigInt(version), 8);
  for (let index = 0; index < weights.length; index++) {
    block.writeFloatLE(weights[index] ?? 0, BLOCK_HEADER_BYTES + index * BLOCK_REPLICA_BYTES);
  }
}

/** Orders blocks as an answer holds them. */
function compareBlocks(a: Buffer, b: Buffer): number {
  return a.readUInt32LE(4) - b.readUInt32LE(4) || Buffer.compare(keyBytesOf(a), keyBytesOf(b));
}

function keyBytesOf(block: Buffer): Buffer {
  const at = BLOCK_HEADER_BYTES + block.readUInt32LE(16) * BLOCK_REPLICA_BYTES;
  return block.subarray(at, at + block.readUInt16LE(20));
}

/**
 * The whole answer.
 *
 * @param remembered blocks that the proxy did not ask for: its pod wanted these services before the proxy restarted
 */
export function encodeSyncAnswer(
  header: AnswerHeader,
  blocks: readonly Buffer[],
  remembered: ReadonlySet<Buffer> = new Set(),
): Buffer {
  const length = blocks.reduce((sum, block) => sum + block.length, ANSWER_HEADER_BYTES);
  const answer = Buffer.allocUnsafe(length);
  answer.writeUInt32LE(ANSWER_MAGIC, 0);
  answer.writeUInt16LE(ANSWER_FORMAT, 4);
  answer.writeUInt16LE((header.complete ? ANSWER_COMPLETE : 0) | (header.unknown ? ANSWER_UNKNOWN : 0), 6);
  answer.writeBigUInt64LE(BigInt(header.epoch), 8);
  answer.writeUInt32LE(Math.max(0, Math.floor(header.validForMs)), 16);
  answer.writeUInt32LE(blocks.length, 20);
  answer.writeFloatLE(header.cpuUtilisation, 24);
  answer.writeUInt32LE(length, 28);
  let at = ANSWER_HEADER_BYTES;
  for (const block of blocks.length > 1 ? blocks.toSorted(compareBlocks) : blocks) {
    block.copy(answer, at);
    if (remembered.has(block)) answer.writeUInt8(block.readUInt8(23) | BLOCK_REMEMBERED, at + 23);
    at += block.length;
  }
  return answer;
}
