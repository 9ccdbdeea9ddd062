/** The plugin's side of `POST /v1/sync`: writes messages as it does, and reads answers to the last byte. */
import {
  NO_SERVICE,
  SIDE_CALLED,
  SIDE_SERVED,
  SYNC_FORMAT,
  SYNC_HEADER_BYTES,
  SYNC_MAGIC,
  SYNC_RECORD_BYTES,
  SYNC_SERVICE_BYTES,
  type SyncCalled,
  type SyncServed,
  type SyncService,
} from '../../contract/proxy-sync.ts';
import {
  ANSWER_COMPLETE,
  ANSWER_FORMAT,
  ANSWER_HEADER_BYTES,
  ANSWER_MAGIC,
  ANSWER_UNKNOWN,
  BLOCK_HEADER_BYTES,
  BLOCK_PINNING,
  BLOCK_REMEMBERED,
  BLOCK_REPLICA_BYTES,
  fnv1a,
} from '../../contract/sync-answer.ts';

/** A VM's message, with defaults for fields that a test does not set. */
export interface SyncMessage {
  readonly namespace?: string;
  readonly pod?: string;
  readonly instance?: string;
  readonly sequence?: number;
  readonly fallbacks?: number;
  readonly epoch?: number;
  readonly holdMs?: number;
  readonly hasTable?: boolean;
  readonly complete?: boolean;
  readonly services?: readonly Partial<SyncService>[];
  readonly served?: Partial<SyncServed> | undefined;
  readonly called?: readonly Partial<SyncCalled>[];
}

/** Encodes what `decodeProxySync` reads. A service that only records name is added, as not wanted. */
export function encodeSync(message: SyncMessage): Buffer {
  const { namespace = 'shop', pod = 'cart-0', instance = 'abc', called = [], served } = message;
  const nodeId = Buffer.from(`sidecar~10.0.0.1~${pod}.${namespace}~cluster.local`);
  const services = [...(message.services ?? [])];
  for (const { service } of called) {
    if (service !== undefined && !services.some(({ key }) => key === service))
      services.push({ key: service, wanted: false });
  }
  const header = Buffer.alloc(SYNC_HEADER_BYTES);
  header.writeUInt32LE(SYNC_MAGIC, 0);
  header.writeUInt16LE(SYNC_FORMAT, 4);
  header.writeUInt16LE(called.length + (served ? 1 : 0), 6);
  header.writeBigUInt64LE(BigInt(`0x${instance}`), 8);
  header.writeBigUInt64LE(BigInt(message.sequence ?? 1), 16);
  header.writeBigUInt64LE(BigInt(message.fallbacks ?? 0), 24);
  header.writeBigUInt64LE(BigInt(message.epoch ?? 0), 32);
  header.writeUInt32LE(message.holdMs ?? 0, 40);
  header.writeUInt16LE(nodeId.length, 44);
  header.writeUInt16LE(services.length, 46);
  header.writeUInt8((message.hasTable ? 1 : 0) | (message.complete ? 2 : 0), 48);
  return Buffer.concat([
    header,
    nodeId,
    ...services.map(encodeService),
    ...(served ? [encodeServed(served)] : []),
    ...called.map((record) => encodeCalled(record, services)),
  ]);
}

function encodeService({ key = '', version = 0, idleSeconds = 0, wanted = true }: Partial<SyncService>): Buffer {
  const name = Buffer.from(key);
  const row = Buffer.alloc(SYNC_SERVICE_BYTES);
  row.writeBigUInt64LE(BigInt(version), 0);
  row.writeUInt32LE(idleSeconds, 8);
  row.writeUInt16LE(name.length, 12);
  row.writeUInt8(wanted ? 1 : 0, 14);
  return Buffer.concat([row, name]);
}

function encodeCounters(side: number, counters: Partial<SyncServed & SyncCalled>, seconds: number): Buffer {
  const row = Buffer.alloc(SYNC_RECORD_BYTES);
  row.writeUInt8(side, 0);
  row.writeUInt8(counters.ejected ? 1 : 0, 1);
  row.writeBigUInt64LE(BigInt(counters.requests ?? 0), 8);
  row.writeBigUInt64LE(BigInt(counters.failures ?? 0), 16);
  row.writeBigUInt64LE(BigInt(counters.unreached ?? 0), 24);
  row.writeDoubleLE(seconds, 32);
  row.writeUInt32LE(counters.inFlight ?? 0, 40);
  row.writeUInt32LE(counters.answered ?? 0, 44);
  return row;
}

function encodeServed(served: Partial<SyncServed>): Buffer {
  const row = encodeCounters(SIDE_SERVED, served, served.inFlightSeconds ?? 0);
  row.writeUInt16LE(NO_SERVICE, 2);
  const buckets = Buffer.alloc(160);
  for (const [bucket, count] of (served.latencyBuckets ?? []).entries()) buckets.writeUInt32LE(count, 4 * bucket);
  return Buffer.concat([row, buckets]);
}

function encodeCalled(called: Partial<SyncCalled>, services: readonly Partial<SyncService>[]): Buffer {
  const row = encodeCounters(SIDE_CALLED, called, called.latencySeconds ?? 0);
  const service = services.findIndex(({ key }) => key === called.service);
  row.writeUInt16LE(service < 0 ? NO_SERVICE : service, 2);
  const replica = Buffer.from(called.replica ?? '');
  row.writeUInt16LE(replica.length, 4);
  return Buffer.concat([row, replica]);
}

export interface ReadReplica {
  readonly name: string;
  readonly address: string;
  readonly weight: number;
}

export interface ReadBlock {
  readonly key: string;
  readonly version: number;
  readonly routing: 'Subset' | 'Endpoint' | undefined;
  readonly pinning: boolean;
  readonly remembered: boolean;
  readonly replicas: readonly ReadReplica[];
}

export interface ReadAnswer {
  readonly epoch: number;
  readonly validForMs: number;
  readonly complete: boolean;
  readonly unknown: boolean;
  readonly cpuUtilisation: number;
  readonly blocks: readonly ReadBlock[];
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`answer: ${what}`);
}

/** Reads an answer. @throws if it does not follow the format */
export function readSyncAnswer(bytes: Uint8Array): ReadAnswer {
  const answer = Buffer.from(bytes);
  check(answer.length >= ANSWER_HEADER_BYTES, 'shorter than its header');
  check(answer.readUInt32LE(0) === ANSWER_MAGIC && answer.readUInt16LE(4) === ANSWER_FORMAT, 'another format');
  check(answer.readUInt32LE(28) === answer.length, 'another length than it says');
  const flags = answer.readUInt16LE(6);
  const blocks: ReadBlock[] = [];
  let at = ANSWER_HEADER_BYTES;
  let last: { hash: number; key: string } | undefined;
  for (let index = 0; index < answer.readUInt32LE(20); index++) {
    const length = answer.readUInt32LE(at);
    check(length % 8 === 0 && at + length <= answer.length, 'a block runs past the end');
    const block = answer.subarray(at, at + length);
    const read = readBlock(block);
    const hash = fnv1a(Buffer.from(read.key));
    check(block.readUInt32LE(4) === hash, 'a hash is not that of its key');
    check(!last || last.hash < hash || (last.hash === hash && last.key < read.key), 'blocks are out of order');
    last = { hash, key: read.key };
    blocks.push(read);
    at += length;
  }
  check(at === answer.length, 'bytes behind the last block');
  return {
    epoch: Number(answer.readBigUInt64LE(8)),
    validForMs: answer.readUInt32LE(16),
    complete: (flags & ANSWER_COMPLETE) !== 0,
    unknown: (flags & ANSWER_UNKNOWN) !== 0,
    cpuUtilisation: answer.readFloatLE(24),
    blocks,
  };
}

function readBlock(block: Buffer): ReadBlock {
  const count = block.readUInt32LE(16);
  const keyAt = BLOCK_HEADER_BYTES + count * BLOCK_REPLICA_BYTES;
  const flags = block.readUInt8(23);
  return {
    key: block.toString('utf8', keyAt, keyAt + block.readUInt16LE(20)),
    version: Number(block.readBigUInt64LE(8)),
    routing: ([undefined, 'Subset', 'Endpoint'] as const)[block.readUInt8(22)],
    pinning: (flags & BLOCK_PINNING) !== 0,
    remembered: (flags & BLOCK_REMEMBERED) !== 0,
    replicas: Array.from({ length: count }, (_, index) => {
      const row = BLOCK_HEADER_BYTES + index * BLOCK_REPLICA_BYTES;
      const nameAt = block.readUInt32LE(row + 4);
      const sessionAt = nameAt + block.readUInt16LE(row + 8);
      const session = block.toString('utf8', sessionAt, sessionAt + block.readUInt16LE(row + 10));
      return {
        name: block.toString('utf8', nameAt, sessionAt),
        address: Buffer.from(session, 'base64').toString(),
        weight: block.readFloatLE(row),
      };
    }),
  };
}
