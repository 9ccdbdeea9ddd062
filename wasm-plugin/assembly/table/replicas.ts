/**
 * What this VM knows of each replica: one slot per replica. A slot outlives table versions. It is found again by
 * service and name, and freed some time after the last table that named it.
 *
 * A replica has one row, and all that a score needs lies in the row's first cache line. With a thousand replicas hardly
 * any row is in a cache, and a cache line costs about as much as a call to the host.
 */
import { decodeBase64, fnv1a64, hostOf, same, FNV64_START } from '../abi/bytes';
import { MAX_NAME_BYTES, MAX_REPLICAS, MAX_SESSION_BYTES } from '../abi/limits';

/** The fixed part of a row. The compiler lays the fields out in this order; the first 64 bytes end with `used`. */
@unmanaged
export class Replica {
  // What scores are made of. `weightFactor` is 1 / sqrt(weight).
  weight: f32;
  weightFactor: f32;
  /** When the replica last reported its requests in flight, and how many; -Infinity: never. */
  reportedAt: f64;
  reportedInFlight: f32;
  /** Requests in flight from this VM. */
  inFlight: i32;
  /** Moving average of failures, 0 to 1, and when it last changed. */
  failureAt: f64;
  failureAverage: f32;
  /** Index of its score while it is eligible; else -1. */
  place: i32;
  service: i32;
  sessionLength: i32;
  addressLength: i32;
  ejected: bool;
  used: bool;

  // Counters since the row is in use.
  requests: u64;
  failures: u64;
  unreached: u64;
  /** Time that requests waited for an answer that came, or that their client gave up; failures excluded. */
  latencyMs: f64;
  /** Answers that did not fail. */
  answered: u32;
  nameLength: i32;
  /** Number of the content of its service, by `services.ts`, that last named the replica. */
  listedIn: u32;

  lastListedAt: f64;
  /** While ejected: when the next probe may go out. */
  retryAt: f64;
  /** Hash of service, name and address: ejection knows a replica that moved as another one. */
  identity: u64;
}

const CACHE_LINE: i32 = 64;
/** Offsets in a row: the fixed part takes up to three cache lines. */
const SESSION: i32 = 3 * CACHE_LINE;
const ADDRESS: i32 = SESSION + MAX_SESSION_BYTES;
const NAME: i32 = ADDRESS + MAX_SESSION_BYTES;
const STRIDE: i32 = NAME + 256;
const INDEX_SIZE: i32 = MAX_REPLICAS * 2;

const rows: usize = (heap.alloc(MAX_REPLICAS * STRIDE + CACHE_LINE) + CACHE_LINE - 1) & ~(CACHE_LINE - 1);
/** Slots by hash of service and name, stored plus one: zero is "none". */
const index = new StaticArray<i32>(INDEX_SIZE);
/** Slots at and above this one have never been used. */
let slotsUsed: i32 = 0;
/** No slot below this one is free. */
let freeFrom: i32 = 0;
let rowsUsed: i32 = 0;

function rowAt(slot: i32): usize {
  return rows + <usize>(slot * STRIDE);
}

export function replicaAt(slot: i32): Replica {
  return changetype<Replica>(rowAt(slot));
}

export function slotCount(): i32 {
  return slotsUsed;
}

export function freeRows(): i32 {
  return MAX_REPLICAS - rowsUsed;
}

export function nameAt(slot: i32): usize {
  return rowAt(slot) + NAME;
}

export function nameBytes(slot: i32): i32 {
  return replicaAt(slot).nameLength;
}

export function sessionAt(slot: i32): usize {
  return rowAt(slot) + SESSION;
}

export function sessionBytes(slot: i32): i32 {
  return replicaAt(slot).sessionLength;
}

/** IP address, as text. */
export function addressAt(slot: i32): usize {
  return rowAt(slot) + ADDRESS;
}

export function addressBytes(slot: i32): i32 {
  return replicaAt(slot).addressLength;
}

function indexStart(service: i32, name: usize, length: i32): i32 {
  return (<i32>(fnv1a64(name, length, FNV64_START ^ (<u64>service)) >> 32)) & (INDEX_SIZE - 1);
}

/** The slot of a replica by its service and name, or -1. */
export function findReplica(service: i32, name: usize, length: i32): i32 {
  if (length > MAX_NAME_BYTES) return -1;
  let place = indexStart(service, name, length);
  while (true) {
    const slot = index[place] - 1;
    if (slot < 0) return -1;
    if (replicaAt(slot).service == service && same(nameAt(slot), nameBytes(slot), name, length)) return slot;
    place = (place + 1) & (INDEX_SIZE - 1);
  }
}

function addToIndex(slot: i32): void {
  let place = indexStart(replicaAt(slot).service, nameAt(slot), nameBytes(slot));
  while (index[place] != 0) place = (place + 1) & (INDEX_SIZE - 1);
  index[place] = slot + 1;
}

function firstFree(): i32 {
  while (freeFrom < slotsUsed && replicaAt(freeFrom).used) freeFrom++;
  if (freeFrom == MAX_REPLICAS) return -1;
  if (freeFrom == slotsUsed) slotsUsed++;
  return freeFrom;
}

/** A slot for a replica that has none yet; -1 when no slot is free. */
export function addReplica(service: i32, name: usize, length: i32): i32 {
  const slot = firstFree();
  if (slot < 0) return -1;
  memory.fill(rowAt(slot), 0, STRIDE);
  const replica = replicaAt(slot);
  replica.used = true;
  replica.place = -1;
  replica.service = service;
  memory.copy(nameAt(slot), name, length);
  replica.nameLength = length;
  rowsUsed++;
  addToIndex(slot);
  return slot;
}

/** Frees a slot. `rebuildReplicaIndex` follows. */
export function freeReplica(slot: i32): void {
  replicaAt(slot).used = false;
  rowsUsed--;
}

export function rebuildReplicaIndex(): void {
  memory.fill(changetype<usize>(index), 0, INDEX_SIZE * sizeof<i32>());
  freeFrom = 0;
  for (let slot = 0; slot < slotsUsed; slot++) if (replicaAt(slot).used) addToIndex(slot);
}

/** Sets the address. With a new address, ejection, failures and reported load of the old one no longer count. */
export function setSession(slot: i32, serviceKey: usize, keyLength: i32, session: usize, length: i32): void {
  const replica = replicaAt(slot);
  if (replica.identity != 0 && same(sessionAt(slot), replica.sessionLength, session, length)) return;
  memory.copy(sessionAt(slot), session, length);
  replica.sessionLength = length;
  replica.addressLength = hostOf(addressAt(slot), decodeBase64(session, length, addressAt(slot)));
  const ofName = fnv1a64(nameAt(slot), nameBytes(slot), fnv1a64(serviceKey, keyLength, FNV64_START));
  replica.identity = fnv1a64(session, length, ofName);
  replica.ejected = false;
  replica.failureAverage = 0;
  replica.reportedAt = -Infinity;
}
