/** Encoder of this VM's statistics; `contract/proxy-statistics.ts` describes the format. */
import { MAX_NODE_ID_BYTES, STATISTICS_BYTES } from '../abi/limits';
import { fallbacks } from '../outbound/request';
import { accrue, bucketsAt, LATENCY_BUCKETS, nameAt, nameBytes, replicaAt, slotCount } from '../table/replicas';
import {
  accrueServed,
  servedBuckets,
  servedFailures,
  servedInFlight,
  servedInFlightMs,
  servedRequests,
  servedUnreached,
} from '../inbound/served';
import { keyAt, keyBytes } from '../table/services';
import { CALLED, SERVED } from '../abi/streams';
import { tableExpiresAt, tableVersion } from '../table/table';

const MAGIC: u32 = 0x52534c42;
const FORMAT: u16 = 1;
const HEADER: i32 = 56;
const RECORD: i32 = 48 + 4 * LATENCY_BUCKETS;

export const statistics: usize = heap.alloc(STATISTICS_BYTES);
const nodeId: usize = heap.alloc(MAX_NODE_ID_BYTES);
let nodeIdLength: i32 = 0;
let instance: u64 = 0;
let sequence: u64 = 0;
/** The next message begins with this slot when not all records fit into one. */
let nextSlot: i32 = 0;

export function identifyVm(id: u64): void {
  instance = id;
}

export function setNodeId(p: usize, length: i32): void {
  if (length > MAX_NODE_ID_BYTES) return;
  memory.copy(nodeId, p, length);
  nodeIdLength = length;
}

function putRecord(p: usize, side: u8, keyLength: i32, nameLength: i32): void {
  memory.fill(p, 0, RECORD);
  store<u8>(p, side);
  store<u16>(p, <u16>keyLength, 2);
  store<u16>(p, <u16>nameLength, 4);
}

function putServed(p: usize, now: f64): usize {
  accrueServed(now);
  putRecord(p, SERVED, 0, 0);
  store<u64>(p, servedRequests, 8);
  store<u64>(p, servedFailures, 16);
  store<u64>(p, servedUnreached, 24);
  store<f64>(p, servedInFlightMs * 0.001, 32);
  store<u32>(p, <u32>servedInFlight, 40);
  memory.copy(p + 48, changetype<usize>(servedBuckets), 4 * LATENCY_BUCKETS);
  return p + RECORD;
}

function putCalled(p: usize, slot: i32, now: f64): usize {
  const replica = replicaAt(slot);
  const service = replica.service;
  accrue(replica, now);
  putRecord(p, CALLED, keyBytes(service), nameBytes(slot));
  store<u8>(p, replica.ejected ? 1 : 0, 1);
  store<u64>(p, replica.requests, 8);
  store<u64>(p, replica.failures, 16);
  store<u64>(p, replica.unreached, 24);
  store<f64>(p, replica.inFlightMs * 0.001, 32);
  store<u32>(p, <u32>replica.inFlight, 40);
  memory.copy(p + 48, bucketsAt(slot), 4 * LATENCY_BUCKETS);
  memory.copy(p + RECORD, keyAt(service), keyBytes(service));
  memory.copy(p + RECORD + keyBytes(service), nameAt(slot), nameBytes(slot));
  return p + RECORD + keyBytes(service) + nameBytes(slot);
}

/** Writes the next message into `statistics`; its length, or 0 when this VM has seen no request yet. */
export function encodeStatistics(now: f64): i32 {
  let p = statistics + HEADER;
  memory.copy(p, nodeId, nodeIdLength);
  p += nodeIdLength;
  let records = 0;
  if (servedRequests > 0 || servedInFlight > 0) {
    p = putServed(p, now);
    records++;
  }
  const slots = slotCount();
  let looked = 0;
  for (; looked < slots; looked++) {
    const slot = (nextSlot + looked) % slots;
    const replica = replicaAt(slot);
    if (!replica.used || (replica.requests == 0 && replica.inFlight == 0)) continue;
    const size = RECORD + keyBytes(replica.service) + nameBytes(slot);
    if (<i32>(p - statistics) + size > STATISTICS_BYTES) break;
    p = putCalled(p, slot, now);
    records++;
  }
  nextSlot = looked < slots ? (nextSlot + looked) % slots : 0;
  if (records == 0 && fallbacks() == 0) return 0;
  memory.fill(statistics, 0, HEADER);
  store<u32>(statistics, MAGIC);
  store<u16>(statistics, FORMAT, 4);
  store<u16>(statistics, <u16>records, 6);
  store<u64>(statistics, instance, 8);
  store<u64>(statistics, ++sequence, 16);
  store<u64>(statistics, now < tableExpiresAt ? tableVersion : 0, 24);
  store<u64>(statistics, fallbacks(), 32);
  store<u16>(statistics, <u16>nodeIdLength, 40);
  return <i32>(p - statistics);
}
