/**
 * The binary message of a plugin VM to its agent (`POST /v1/sync`), all little-endian: which services its proxy wants,
 * which versions of them it holds, and what the VM has counted since it started. A lost message costs nothing.
 *
 *     header, 64 bytes: u32 magic "BLSR" | u16 format = 2 | u16 records | u64 instance | u64 sequence (per VM, from 1)
 *                       | u64 requests left to Istio (fallbacks) | u64 epoch of the table held (0: none) | u32 holdMs
 *                       | u16 node id length | u16 services | u8 flags (1 a valid table is in force, 2 complete) | 15 bytes 0
 *     node id: Envoy's `node.id`, `sidecar~<ip>~<pod>.<namespace>~<domain>`
 *     service, 16 bytes: u64 version held (0: none) | u32 seconds since it was last called | u16 key length
 *                       | u8 flags (1 wanted) | u8 0 | then the key
 *     record, 48 bytes: u8 side (1 served here, 2 called from here) | u8 flags (1 ejected) | u16 service (index above;
 *                       0xffff: none) | u16 replica name length | u16 0 | u64 requests | u64 failures | u64 unreached
 *                       | f64 seconds | u32 in flight | u32 answered
 *                       | served: 40 x u32 latency buckets; called: the replica's name
 *
 * `holdMs` above 0: the VM that speaks for its proxy names every service that the proxy wants, and the agent holds the
 * request for up to that long until it has news of one of them. `holdMs` 0: another VM posts its counters, and names
 * only the services that its records are about. `complete`: the records are all that the VM counts.
 *
 * `seconds` of a served record is the time integral of the requests in flight; of a called one it is the sum of the
 * latencies of the `answered` requests. The encoder is the plugin's.
 */
import { LATENCY_BUCKETS } from './latency-buckets.ts';
import { failure, type Result, success } from './result.ts';

export const SYNC_MAGIC = 0x52534c42;
export const SYNC_FORMAT = 2;
export const SYNC_HEADER_BYTES = 64;
export const SYNC_SERVICE_BYTES = 16;
export const SYNC_RECORD_BYTES = 48;
export const NO_SERVICE = 0xffff;
export const SIDE_SERVED = 1;
export const SIDE_CALLED = 2;

/** Services of one proxy; the plugin has room for as many. */
export const MAX_PROXY_SERVICES = 512;
/** Keys and names are ASCII, as Kubernetes and DNS have them: what is accepted here is then fit for a report. */
const KEY = /^[!-~]{3,512}$/;
const NAME = /^[!-.0-~]{1,253}$/;
const BUCKET_BYTES = 4 * LATENCY_BUCKETS;

/** A service that the proxy wants or counts. */
export interface SyncService {
  readonly key: string;
  /** Version of its block that the proxy holds; 0: none. */
  readonly version: number;
  readonly idleSeconds: number;
  readonly wanted: boolean;
}

interface SyncCounters {
  readonly requests: number;
  readonly failures: number;
  readonly unreached: number;
  readonly inFlight: number;
  readonly answered: number;
}

/** What the proxy saw come in. */
export interface SyncServed extends SyncCounters {
  readonly inFlightSeconds: number;
  readonly latencyBuckets: readonly number[];
}

/** What the proxy saw of one replica that it calls. */
export interface SyncCalled extends SyncCounters {
  readonly service: string;
  readonly replica: string;
  readonly ejected: boolean;
  readonly latencySeconds: number;
}

export interface ProxySync {
  readonly namespace: string;
  readonly pod: string;
  /** Random per VM, hexadecimal. */
  readonly instance: string;
  readonly sequence: number;
  readonly fallbacks: number;
  readonly epoch: number;
  readonly holdMs: number;
  readonly hasTable: boolean;
  readonly complete: boolean;
  readonly services: readonly SyncService[];
  readonly served: SyncServed | undefined;
  readonly called: readonly SyncCalled[];
  /** Services and records that were left out, each with the field that is wrong. */
  readonly faults: readonly string[];
}

function refuse(field: string, why: string): Result<never> {
  return failure('MALFORMED_STATISTICS', `${field}: ${why}`);
}

/** The pod and namespace in Envoy's node id, or undefined where it has another form. */
export function podOfNodeId(nodeId: string): { pod: string; namespace: string } | undefined {
  const workload = nodeId.split('~')[2] ?? '';
  const dot = workload.lastIndexOf('.');
  if (dot <= 0 || dot === workload.length - 1) return undefined;
  return { pod: workload.slice(0, dot), namespace: workload.slice(dot + 1) };
}

/** Reads along the message. A number that no double holds exactly is no count. */
class Reader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  has(length: number): boolean {
    return this.at + length <= this.bytes.length;
  }

  count(offset: number): number {
    return this.bytes.readUInt32LE(this.at + offset) + 0x1_0000_0000 * this.bytes.readUInt32LE(this.at + offset + 4);
  }

  text(from: number, length: number): string {
    return this.bytes.toString('latin1', from, from + length);
  }
}

/**
 * Decodes one message. Every length is checked before it is used, so no input makes it throw. A message whose parts
 * cannot be told apart is refused; a wrong value costs its record or its service, and `faults` names it.
 */
export function decodeProxySync(bytes: Uint8Array): Result<ProxySync> {
  const reader = new Reader(bytes);
  const message = reader.bytes;
  if (!reader.has(SYNC_HEADER_BYTES)) return refuse('length', `${bytes.length} bytes are fewer than a header`);
  if (message.readUInt32LE(0) !== SYNC_MAGIC) return refuse('magic', 'not a sync message');
  const format = message.readUInt16LE(4);
  if (format !== SYNC_FORMAT) return refuse('format', `${format} is not understood, ${SYNC_FORMAT} is`);
  const flags = message.readUInt8(48);
  const header = {
    instance: message.readBigUInt64LE(8).toString(16),
    sequence: reader.count(16),
    fallbacks: reader.count(24),
    epoch: reader.count(32),
    holdMs: message.readUInt32LE(40),
    hasTable: (flags & 1) === 1,
    complete: (flags & 2) === 2,
  };
  for (const field of ['sequence', 'fallbacks', 'epoch'] as const) {
    if (!Number.isSafeInteger(header[field])) return refuse(field, 'is too large');
  }
  const idLength = message.readUInt16LE(44);
  reader.at = SYNC_HEADER_BYTES;
  if (!reader.has(idLength)) return refuse('node id', 'runs past the end of the message');
  const source = podOfNodeId(reader.text(reader.at, idLength));
  if (!source) return refuse('node id', 'not of the form sidecar~<ip>~<pod>.<namespace>~<domain>');
  for (const field of ['pod', 'namespace'] as const) {
    if (!NAME.test(source[field])) return refuse(field, 'must be a name of at most 253 characters');
  }
  reader.at += idLength;
  const faults: string[] = [];
  const services = readServices(reader, message.readUInt16LE(46), faults);
  if (!services.ok) return services;
  const records = readRecords(reader, message.readUInt16LE(6), services.value, faults);
  if (!records.ok) return records;
  if (reader.at !== bytes.length) return refuse('length', `${bytes.length - reader.at} bytes too many`);
  const known = services.value.filter((service) => service !== undefined);
  return success({ ...source, ...header, services: known, ...records.value, faults });
}

/** The services by their index in the message; undefined where one is at fault. */
function readServices(reader: Reader, count: number, faults: string[]): Result<(SyncService | undefined)[]> {
  const services: (SyncService | undefined)[] = [];
  for (let index = 0; index < count; index++) {
    if (!reader.has(SYNC_SERVICE_BYTES)) return refuse(`services[${index}]`, 'runs past the end');
    const keyLength = reader.bytes.readUInt16LE(reader.at + 12);
    if (!reader.has(SYNC_SERVICE_BYTES + keyLength)) return refuse(`services[${index}].key`, 'runs past the end');
    const version = reader.count(0);
    const key = reader.text(reader.at + SYNC_SERVICE_BYTES, keyLength);
    const why =
      index >= MAX_PROXY_SERVICES
        ? `: more than ${MAX_PROXY_SERVICES}`
        : !KEY.test(key)
          ? '.key: must have 3 to 512 visible ASCII characters'
          : Number.isSafeInteger(version)
            ? undefined
            : '.version: is too large';
    if (why !== undefined) faults.push(`services[${index}]${why}`);
    services.push(
      why === undefined
        ? {
            key,
            version,
            idleSeconds: reader.bytes.readUInt32LE(reader.at + 8),
            wanted: (reader.bytes.readUInt8(reader.at + 14) & 1) === 1,
          }
        : undefined,
    );
    reader.at += SYNC_SERVICE_BYTES + keyLength;
  }
  return success(services);
}

function readRecords(
  reader: Reader,
  count: number,
  services: readonly (SyncService | undefined)[],
  faults: string[],
): Result<{ served: SyncServed | undefined; called: SyncCalled[] }> {
  let served: SyncServed | undefined;
  const called: SyncCalled[] = [];
  for (let index = 0; index < count; index++) {
    const field = `records[${index}]`;
    if (!reader.has(SYNC_RECORD_BYTES)) return refuse(field, 'runs past the end');
    const side = reader.bytes.readUInt8(reader.at);
    if (side !== SIDE_SERVED && side !== SIDE_CALLED) {
      return refuse(`${field}.side`, `${side} is neither served (1) nor called (2)`);
    }
    const nameLength = reader.bytes.readUInt16LE(reader.at + 4);
    const length = SYNC_RECORD_BYTES + (side === SIDE_SERVED ? BUCKET_BYTES : nameLength);
    if (!reader.has(length)) return refuse(field, 'runs past the end');
    const why = side === SIDE_SERVED ? faultOfCounters(reader) : faultOfCalled(reader, services, nameLength);
    if (why !== undefined) faults.push(`${field}.${why}`);
    else if (side === SIDE_SERVED) served = readServed(reader);
    else called.push(readCalled(reader, services, nameLength));
    reader.at += length;
  }
  return success({ served, called });
}

const COUNTERS = [
  [8, 'requests'],
  [16, 'failures'],
  [24, 'unreached'],
] as const;

function faultOfCounters(reader: Reader): string | undefined {
  for (const [offset, field] of COUNTERS) {
    if (!Number.isSafeInteger(reader.count(offset))) return `${field}: is too large`;
  }
  const seconds = reader.bytes.readDoubleLE(reader.at + 32);
  return Number.isFinite(seconds) && seconds >= 0 ? undefined : 'seconds: must be a time of 0 or more';
}

function faultOfCalled(
  reader: Reader,
  services: readonly (SyncService | undefined)[],
  nameLength: number,
): string | undefined {
  if (services[reader.bytes.readUInt16LE(reader.at + 2)] === undefined) return 'service: is not among the services';
  if (!NAME.test(reader.text(reader.at + SYNC_RECORD_BYTES, nameLength))) {
    return 'replica: must be a name of at most 253 characters';
  }
  return faultOfCounters(reader);
}

function readCounters(reader: Reader): SyncCounters {
  return {
    requests: reader.count(8),
    failures: reader.count(16),
    unreached: reader.count(24),
    inFlight: reader.bytes.readUInt32LE(reader.at + 40),
    answered: reader.bytes.readUInt32LE(reader.at + 44),
  };
}

function readServed(reader: Reader): SyncServed {
  const bucketsAt = reader.at + SYNC_RECORD_BYTES;
  return {
    ...readCounters(reader),
    inFlightSeconds: reader.bytes.readDoubleLE(reader.at + 32),
    latencyBuckets: Array.from({ length: LATENCY_BUCKETS }, (_, bucket) =>
      reader.bytes.readUInt32LE(bucketsAt + 4 * bucket),
    ),
  };
}

function readCalled(reader: Reader, services: readonly (SyncService | undefined)[], nameLength: number): SyncCalled {
  return {
    ...readCounters(reader),
    service: services[reader.bytes.readUInt16LE(reader.at + 2)]?.key ?? '',
    replica: reader.text(reader.at + SYNC_RECORD_BYTES, nameLength),
    ejected: (reader.bytes.readUInt8(reader.at + 1) & 1) === 1,
    latencySeconds: reader.bytes.readDoubleLE(reader.at + 32),
  };
}
