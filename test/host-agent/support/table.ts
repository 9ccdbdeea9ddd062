/** Reads as much of a proxy table as tests look at. */
import {
  TABLE_HEADER_BYTES,
  TABLE_MAGIC,
  TABLE_REPLICA_BYTES,
  TABLE_SERVICE_BYTES,
} from '../../../contract/proxy-table.ts';

export interface ReadTable {
  readonly version: number;
  readonly validForMs: number;
  readonly services: number;
  readonly replicas: readonly { name: string; weight: number }[];
}

export function readTable(bytes: Uint8Array): ReadTable {
  const table = Buffer.from(bytes);
  if (table.readUInt32LE(0) !== TABLE_MAGIC) throw new Error('not a table');
  const services = table.readUInt32LE(20);
  const firstReplica = TABLE_HEADER_BYTES + services * TABLE_SERVICE_BYTES;
  const count = table.readUInt32LE(24);
  const strings = firstReplica + count * TABLE_REPLICA_BYTES;
  return {
    version: Number(table.readBigUInt64LE(8)),
    validForMs: table.readUInt32LE(16),
    services,
    replicas: Array.from({ length: count }, (_, index) => {
      const at = firstReplica + index * TABLE_REPLICA_BYTES;
      const name = strings + table.readUInt32LE(at);
      return {
        name: table.toString('utf8', name, name + table.readUInt16LE(at + 4)),
        weight: table.readFloatLE(at + 12),
      };
    }),
  };
}
