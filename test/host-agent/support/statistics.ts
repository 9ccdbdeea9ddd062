/** Statistics messages as a plugin writes them; a peer of the decoder in the contract. */
import {
  STATISTICS_FORMAT,
  STATISTICS_HEADER_BYTES,
  STATISTICS_MAGIC,
  STATISTICS_RECORD_BYTES,
} from '../../../contract/proxy-statistics.ts';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import type { CalledCounters, ProxyCounters, ServedCounters } from '../../../contract/report.ts';

/** Encodes what `decodeProxyStatistics` reads. */
export function encodeStatistics(counters: ProxyCounters): Uint8Array {
  const nodeId = Buffer.from(`sidecar~10.0.0.1~${counters.pod}.${counters.namespace}~cluster.local`);
  const records = [
    ...(counters.served ? [encodeRecord(1, counters.served)] : []),
    ...counters.called.map((called) => encodeRecord(2, called)),
  ];
  const header = Buffer.alloc(STATISTICS_HEADER_BYTES);
  header.writeUInt32LE(STATISTICS_MAGIC, 0);
  header.writeUInt16LE(STATISTICS_FORMAT, 4);
  header.writeUInt16LE(records.length, 6);
  header.writeBigUInt64LE(BigInt(`0x${counters.instance}`), 8);
  header.writeBigUInt64LE(BigInt(counters.sequence), 16);
  header.writeBigUInt64LE(BigInt(counters.tableVersion), 24);
  header.writeBigUInt64LE(BigInt(counters.fallbacks), 32);
  header.writeUInt16LE(nodeId.length, 40);
  return Buffer.concat([header, nodeId, ...records]);
}

function encodeRecord(side: 1, counters: ServedCounters): Buffer;
function encodeRecord(side: 2, counters: CalledCounters): Buffer;
function encodeRecord(side: 1 | 2, counters: ServedCounters | CalledCounters): Buffer {
  const called = 'service' in counters ? counters : undefined;
  const key = Buffer.from(called?.service ?? '');
  const replica = Buffer.from(called?.replica ?? '');
  const record = Buffer.alloc(STATISTICS_RECORD_BYTES);
  record.writeUInt8(side, 0);
  record.writeUInt8(called?.ejected ? 1 : 0, 1);
  record.writeUInt16LE(key.length, 2);
  record.writeUInt16LE(replica.length, 4);
  record.writeBigUInt64LE(BigInt(counters.requests), 8);
  record.writeBigUInt64LE(BigInt(counters.failures), 16);
  record.writeBigUInt64LE(BigInt(called?.unreached ?? 0), 24);
  record.writeDoubleLE(counters.inFlightSeconds, 32);
  record.writeUInt32LE(counters.inFlight, 40);
  for (const [bucket, count] of counters.latencyBuckets.entries()) record.writeUInt32LE(count, 48 + 4 * bucket);
  return Buffer.concat([record, key, replica]);
}

/** Counters of one VM, which rise with the sequence. */
export function posted(instance: string, sequence: number): ProxyCounters {
  const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, () => 0);
  const counters = { requests: sequence, failures: 0, inFlight: 1, inFlightSeconds: 0.5, latencyBuckets };
  return {
    namespace: 'hotel',
    pod: 'search-0',
    instance,
    sequence,
    tableVersion: 9,
    fallbacks: 0,
    served: counters,
    called: [{ ...counters, service: '8080|geo.hotel', replica: 'geo-"0"', unreached: 0, ejected: false }],
  };
}
