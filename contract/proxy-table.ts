/**
 * The binary table that an agent serves to its node's proxies (`GET /v1/table?version=<held>`), all little-endian:
 *
 *     header, 32 bytes: u32 magic "BLST" | u16 format = 2 | u16 0 | u64 version | u32 validForMs
 *                       | u32 services | u32 replicas | u32 string bytes
 *     service, 32 bytes: u32 key offset | u16 key length | u8 routing (1 Subset, 2 Endpoint) | u8 flags (1 pinning)
 *                       | u32 first replica | u32 replicas | u32 FNV-1a of the key | 12 bytes 0
 *     replica, 20 bytes: u32 name offset | u16 name length | u16 session length | u32 session offset | f32 weight
 *                       | f32 CPU utilisation (0: unknown)
 *     strings: UTF-8, at the offsets named above, counted from the first string byte
 *
 * Services are ordered by their hash. `session` is base64 of `ip:port`, the value of the session header.
 * The decoder is `wasm-plugin/assembly/table/table.ts`; the two are property-tested against each other through the wasm.
 */
import type { ServiceAssignment } from './assignment.ts';
import { fnv1a, wireUtilisation } from './sync-answer.ts';

export const TABLE_MAGIC = 0x54534c42;
const TABLE_FORMAT = 2;
export const TABLE_HEADER_BYTES = 32;
export const TABLE_SERVICE_BYTES = 32;
export const TABLE_REPLICA_BYTES = 20;

const utf8 = new TextEncoder();

/** Collects strings into one block and remembers where each one stands. */
class StringBlock {
  #parts: Uint8Array[] = [];
  #seen = new Map<string, { offset: number; length: number }>();
  bytes = 0;

  add(text: string): { offset: number; length: number } {
    const known = this.#seen.get(text);
    if (known) return known;
    const encoded = utf8.encode(text);
    const place = { offset: this.bytes, length: encoded.length };
    this.#parts.push(encoded);
    this.bytes += encoded.length;
    this.#seen.set(text, place);
    return place;
  }

  copyTo(target: Uint8Array, at: number): void {
    for (const part of this.#parts) {
      target.set(part, at);
      at += part.length;
    }
  }
}

/** Encodes the table. `validForMs` is how long a proxy may use it from the moment of receipt. */
export function encodeProxyTable(
  version: number,
  validForMs: number,
  services: readonly ServiceAssignment[],
): Uint8Array {
  const strings = new StringBlock();
  const ordered = services
    .map((service) => ({ service, hash: fnv1a(utf8.encode(service.key)) }))
    .toSorted((a, b) => a.hash - b.hash || (a.service.key < b.service.key ? -1 : 1));
  const rows = ordered.map(({ service, hash }) => ({
    service,
    hash,
    key: strings.add(service.key),
    replicas: service.replicas.map((replica) => ({
      replica,
      name: strings.add(replica.name),
      session: strings.add(Buffer.from(replica.address).toString('base64')),
    })),
  }));
  const replicaCount = rows.reduce((sum, row) => sum + row.replicas.length, 0);
  const stringsAt = TABLE_HEADER_BYTES + rows.length * TABLE_SERVICE_BYTES + replicaCount * TABLE_REPLICA_BYTES;
  const bytes = new Uint8Array(stringsAt + strings.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, TABLE_MAGIC, true);
  view.setUint16(4, TABLE_FORMAT, true);
  view.setBigUint64(8, BigInt(version), true);
  view.setUint32(16, Math.max(0, Math.floor(validForMs)), true);
  view.setUint32(20, rows.length, true);
  view.setUint32(24, replicaCount, true);
  view.setUint32(28, strings.bytes, true);
  let at = TABLE_HEADER_BYTES;
  let first = 0;
  for (const row of rows) {
    view.setUint32(at, row.key.offset, true);
    view.setUint16(at + 4, row.key.length, true);
    view.setUint8(at + 6, row.service.routing === 'Subset' ? 1 : 2);
    view.setUint8(at + 7, row.service.pinning ? 1 : 0);
    view.setUint32(at + 8, first, true);
    view.setUint32(at + 12, row.replicas.length, true);
    view.setUint32(at + 16, row.hash, true);
    at += TABLE_SERVICE_BYTES;
    first += row.replicas.length;
  }
  for (const row of rows) {
    for (const { replica, name, session } of row.replicas) {
      view.setUint32(at, name.offset, true);
      view.setUint16(at + 4, name.length, true);
      view.setUint16(at + 6, session.length, true);
      view.setUint32(at + 8, session.offset, true);
      view.setFloat32(at + 12, replica.weight, true);
      view.setFloat32(at + 16, wireUtilisation(replica.cpuUtilisation), true);
      at += TABLE_REPLICA_BYTES;
    }
  }
  strings.copyTo(bytes, stringsAt);
  return bytes;
}
