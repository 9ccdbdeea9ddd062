/**
 * The binary message in which a plugin VM tells its agent what it saw (`POST /v1/statistics`), all little-endian.
 * Counters since the VM started, so that a lost message costs nothing:
 *
 *     header, 56 bytes: u32 magic "BLSR" | u16 format = 1 | u16 records | u64 instance | u64 sequence
 *                       | u64 table version in use (0: none) | u64 requests left to Istio (fallbacks)
 *                       | u16 node id length | 14 bytes 0
 *     node id: Envoy's `node.id`, `sidecar~<ip>~<pod>.<namespace>~<domain>`
 *     record: u8 side (1 served here, 2 called from here) | u8 flags (1 ejected) | u16 key length
 *             | u16 replica name length | u16 0 | u64 requests | u64 failures | u64 unreached | f64 in-flight seconds
 *             | u32 in flight | u32 0 | 40 x u32 latency buckets | key | replica name
 *
 * A "served" record has neither key nor replica name. The encoder is `wasm-plugin/assembly/agent/statistics.ts`.
 */
import { Compile } from 'typebox/compile';
import { boundedErrors } from './bounded-errors.ts';
import { describeFieldErrors } from './field-errors.ts';
import { LATENCY_BUCKETS } from './latency-buckets.ts';
import { podOfNodeId } from './proxy-sync.ts';
import { type CalledCounters, ProxyCounters } from './report.ts';
import { failure, type Result, success } from './result.ts';

export const STATISTICS_MAGIC = 0x52534c42;
export const STATISTICS_FORMAT = 1;
export const STATISTICS_HEADER_BYTES = 56;
export const STATISTICS_RECORD_BYTES = 48 + 4 * LATENCY_BUCKETS;

const Counters = Compile(ProxyCounters);
const text = new TextDecoder('utf-8', { fatal: false });

function refuse(field: string, why: string): Result<never> {
  return failure('MALFORMED_STATISTICS', `${field}: ${why}`);
}

/**
 * Decodes one message; every length is checked before it is used, so no input can make it throw. What it says is held
 * to the schema that the controller holds a report to: else one proxy's message would cost the whole node its report.
 */
export function decodeProxyStatistics(bytes: Uint8Array): Result<ProxyCounters> {
  if (bytes.length < STATISTICS_HEADER_BYTES) return refuse('length', `${bytes.length} bytes are fewer than a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== STATISTICS_MAGIC) return refuse('magic', 'not a statistics message');
  const format = view.getUint16(4, true);
  if (format !== STATISTICS_FORMAT) return refuse('format', `${format} is not understood, ${STATISTICS_FORMAT} is`);
  const records = view.getUint16(6, true);
  const idLength = view.getUint16(40, true);
  let at = STATISTICS_HEADER_BYTES;
  if (at + idLength > bytes.length) return refuse('node id', 'runs past the end of the message');
  const source = podOfNodeId(text.decode(bytes.subarray(at, at + idLength)));
  if (!source) return refuse('node id', 'not of the form sidecar~<ip>~<pod>.<namespace>~<domain>');
  at += idLength;
  const counters: ProxyCounters = {
    ...source,
    instance: view.getBigUint64(8, true).toString(16),
    sequence: Number(view.getBigUint64(16, true)),
    tableVersion: Number(view.getBigUint64(24, true)),
    fallbacks: Number(view.getBigUint64(32, true)),
    called: [],
  };
  for (let record = 0; record < records; record++) {
    if (at + STATISTICS_RECORD_BYTES > bytes.length) return refuse(`record ${record}`, 'runs past the end');
    const side = view.getUint8(at);
    const keyLength = view.getUint16(at + 2, true);
    const nameLength = view.getUint16(at + 4, true);
    const end = at + STATISTICS_RECORD_BYTES + keyLength + nameLength;
    if (end > bytes.length) return refuse(`record ${record}`, 'its names run past the end');
    const latencyBuckets: number[] = [];
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      latencyBuckets.push(view.getUint32(at + 48 + 4 * bucket, true));
    }
    const common = {
      requests: Number(view.getBigUint64(at + 8, true)),
      failures: Number(view.getBigUint64(at + 16, true)),
      inFlight: view.getUint32(at + 40, true),
      inFlightSeconds: view.getFloat64(at + 32, true),
      latencyBuckets,
    };
    if (side === 1) {
      counters.served = common;
    } else if (side === 2) {
      const keyAt = at + STATISTICS_RECORD_BYTES;
      counters.called.push({
        ...common,
        service: text.decode(bytes.subarray(keyAt, keyAt + keyLength)),
        replica: text.decode(bytes.subarray(keyAt + keyLength, end)),
        unreached: Number(view.getBigUint64(at + 24, true)),
        ejected: (view.getUint8(at + 1) & 1) === 1,
      } satisfies CalledCounters);
    } else {
      return refuse(`record ${record}`, `side ${side} is neither served (1) nor called (2)`);
    }
    at = end;
  }
  if (at !== bytes.length) return refuse('length', `${bytes.length - at} bytes too many`);
  if (Counters.Check(counters)) return success(counters);
  return failure('MALFORMED_STATISTICS', describeFieldErrors(boundedErrors(ProxyCounters, counters), 'message'));
}
