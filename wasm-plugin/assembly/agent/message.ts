/** Encoder of the messages to the agent, `POST /v1/sync`; `contract/proxy-sync.ts` describes the format. */
import { MAX_MESSAGE_BYTES, MAX_NODE_ID_BYTES, MAX_SERVICES } from '../abi/limits';
import { CALLED, SERVED } from '../abi/streams';
import {
  accrueServed,
  LATENCY_BUCKETS,
  servedAnswered,
  servedBuckets,
  servedFailures,
  servedInFlight,
  servedInFlightMs,
  servedRequests,
  servedUnreached,
} from '../inbound/served';
import { fallbacks } from '../outbound/request';
import { isTableValid } from '../table/news';
import { nameAt, nameBytes, Replica, replicaAt, slotCount } from '../table/replicas';
import { isAsked, isService, isWanted, keyAt, keyBytes, lastCalled, version } from '../table/services';
import { tableEpoch } from '../table/table';

const MAGIC: u32 = 0x52534c42;
const FORMAT: u16 = 2;
const HEADER: i32 = 64;
const SERVICE: i32 = 16;
const RECORD: i32 = 48;
const SERVED_RECORD: i32 = RECORD + 4 * LATENCY_BUCKETS;
const NO_SERVICE: u16 = 0xffff;
const TABLE_VALID: u8 = 1;
const COMPLETE: u8 = 2;

export const message: usize = heap.alloc(MAX_MESSAGE_BYTES);
const nodeId: usize = heap.alloc(MAX_NODE_ID_BYTES);
let nodeIdLength: i32 = 0;
let instance: u64 = 0;
let sequence: u64 = 0;
/** The next records begin with this slot when not all fit into one message. */
let nextSlot: i32 = 0;
/** Services of the message, and the index of each service in it; -1: not in it. */
const named = new StaticArray<i32>(MAX_SERVICES);
const indexOf = new StaticArray<i32>(MAX_SERVICES);
let services: i32 = 0;

export function identifyVm(id: u64): void {
  instance = id;
}

export function setNodeId(p: usize, length: i32): void {
  if (length > MAX_NODE_ID_BYTES) return;
  memory.copy(nodeId, p, length);
  nodeIdLength = length;
}

function hasCounted(replica: Replica): bool {
  return replica.used && (replica.requests > 0 || replica.inFlight > 0);
}

/** Notes that the message names the service; the bytes that it adds. */
function name(service: i32): i32 {
  if (indexOf[service] >= 0) return 0;
  named[services] = service;
  indexOf[service] = services++;
  return SERVICE + keyBytes(service);
}

function nameWanted(now: f64): i32 {
  let bytes = 0;
  for (let service = 0; service < MAX_SERVICES; service++) {
    isAsked[service] = isService(service) && isWanted(service, now);
    if (isAsked[service]) bytes += name(service);
  }
  return bytes;
}

function putServices(p: usize, valid: bool, wants: bool, now: f64): usize {
  for (let i = 0; i < services; i++) {
    const service = named[i];
    const wanted = wants && isAsked[service];
    memory.fill(p, 0, SERVICE);
    store<u64>(p, valid ? version[service] : 0);
    if (wanted) store<u32>(p, <u32>max((now - lastCalled[service]) * 0.001, 0), 8);
    store<u16>(p, <u16>keyBytes(service), 12);
    store<u8>(p, wanted ? 1 : 0, 14);
    memory.copy(p + SERVICE, keyAt(service), keyBytes(service));
    p += <usize>(SERVICE + keyBytes(service));
  }
  return p;
}

function putServed(p: usize, now: f64): usize {
  accrueServed(now);
  memory.fill(p, 0, RECORD);
  store<u8>(p, SERVED);
  store<u16>(p, NO_SERVICE, 2);
  store<u64>(p, servedRequests, 8);
  store<u64>(p, servedFailures, 16);
  store<u64>(p, servedUnreached, 24);
  store<f64>(p, servedInFlightMs * 0.001, 32);
  store<u32>(p, <u32>servedInFlight, 40);
  store<u32>(p, servedAnswered, 44);
  memory.copy(p + RECORD, changetype<usize>(servedBuckets), 4 * LATENCY_BUCKETS);
  return p + SERVED_RECORD;
}

function putCalled(p: usize, slot: i32): usize {
  const replica = replicaAt(slot);
  memory.fill(p, 0, RECORD);
  store<u8>(p, CALLED);
  store<u8>(p, replica.ejected ? 1 : 0, 1);
  store<u16>(p, <u16>indexOf[replica.service], 2);
  store<u16>(p, <u16>nameBytes(slot), 4);
  store<u64>(p, replica.requests, 8);
  store<u64>(p, replica.failures, 16);
  store<u64>(p, replica.unreached, 24);
  store<f64>(p, replica.latencyMs * 0.001, 32);
  store<u32>(p, <u32>replica.inFlight, 40);
  store<u32>(p, replica.answered, 44);
  memory.copy(p + RECORD, nameAt(slot), nameBytes(slot));
  return p + RECORD + nameBytes(slot);
}

/** Names the services of the replicas whose records fit; the number of slots looked at. */
function fitRecords(bytes: i32): i32 {
  const slots = slotCount();
  let looked = 0;
  for (; looked < slots; looked++) {
    const slot = (nextSlot + looked) % slots;
    const replica = replicaAt(slot);
    if (!hasCounted(replica)) continue;
    const added = indexOf[replica.service] >= 0 ? 0 : SERVICE + keyBytes(replica.service);
    bytes += added + RECORD + nameBytes(slot);
    if (bytes > MAX_MESSAGE_BYTES) break;
    name(replica.service);
  }
  return looked;
}

/**
 * Writes a message into `message`; its length. `holdMs` above 0: it names all services that the proxy wants, and the
 * agent holds it for up to that long. `withStatistics`: it has records of what this VM counted.
 */
export function encodeMessage(holdMs: u32, withStatistics: bool, now: f64): i32 {
  const valid = isTableValid(now);
  memory.fill(changetype<usize>(indexOf), 0xff, MAX_SERVICES * sizeof<i32>());
  services = 0;
  let bytes = HEADER + nodeIdLength + (holdMs > 0 ? nameWanted(now) : 0);
  const hasServed = withStatistics && (servedRequests > 0 || servedInFlight > 0);
  if (hasServed) bytes += SERVED_RECORD;
  const looked = withStatistics ? fitRecords(bytes) : 0;
  memory.copy(message + HEADER, nodeId, nodeIdLength);
  let p = putServices(message + <usize>(HEADER + nodeIdLength), valid, holdMs > 0, now);
  let records = 0;
  if (hasServed) {
    p = putServed(p, now);
    records++;
  }
  const slots = slotCount();
  for (let i = 0; i < looked; i++) {
    const slot = (nextSlot + i) % slots;
    if (!hasCounted(replicaAt(slot))) continue;
    p = putCalled(p, slot);
    records++;
  }
  const isComplete = looked == slots;
  if (withStatistics) nextSlot = isComplete ? 0 : (nextSlot + looked) % slots;
  memory.fill(message, 0, HEADER);
  store<u32>(message, MAGIC);
  store<u16>(message, FORMAT, 4);
  store<u16>(message, <u16>records, 6);
  store<u64>(message, instance, 8);
  store<u64>(message, ++sequence, 16);
  store<u64>(message, fallbacks(), 24);
  store<u64>(message, valid ? tableEpoch : 0, 32);
  store<u32>(message, holdMs, 40);
  store<u16>(message, <u16>nodeIdLength, 44);
  store<u16>(message, <u16>services, 46);
  store<u8>(message, (valid ? TABLE_VALID : 0) | (withStatistics && isComplete ? COMPLETE : 0), 48);
  return <i32>(p - message);
}
