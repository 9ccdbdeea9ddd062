/**
 * What this VM knows of each replica, one slot per replica. A slot outlives the table versions: it is found again by
 * its service and name, and is given up some time after the last table that named it.
 *
 * Everything of a replica lies in one row, and what a score needs in the row's first cache line: with a thousand
 * replicas hardly any of it is in a cache when it is wanted, and each line costs about as much as a call to the host.
 */
import { decodeBase64, fnv1a64, hostOf, same, FNV64_START } from './bytes';
import { MAX_NAME_BYTES, MAX_REPLICAS, MAX_SESSION_BYTES } from './limits';

export const LATENCY_BUCKETS: i32 = 40;

/** The fixed part of a row. The compiler lays the fields out in this order; the first 64 bytes end with `used`. */
@unmanaged
export class Replica {
  // Score. Weight by the table and 1 / sqrt of it; requests in flight by the replica's last answer, and when that was
  // (-Infinity: never).
  weight: f32;
  weightFactor: f32;
  knownAt: f64;
  knownInFlight: f32;
  /** Requests in flight from here. */
  inFlight: i32;
  /** Moving average of failures, 0 to 1, and when it was last renewed. */
  failureAt: f64;
  failureAverage: f32;
  /** Where its score is, while it may be drawn; else -1. */
  place: i32;
  service: i32;
  sessionLength: i32;
  addressLength: i32;
  ejected: bool;
  used: bool;

  // Counters since the VM started, and who it is.
  requests: u64;
  failures: u64;
  unreached: u64;
  inFlightMs: f64;
  inFlightSince: f64;
  nameLength: i32;
  /** Number of the table swap that last named the replica. */
  listedIn: u32;

  listedUntil: f64;
  /** While ejected: when the next probe may go out. */
  retryAt: f64;
  /** Identity for ejection: service, name and address. A replica that moved starts with a clean slate. */
  identity: u64;
}

const CACHE_LINE: i32 = 64;
/** Offsets in a row: the fixed part takes up to three cache lines. */
const SESSION: i32 = 3 * CACHE_LINE;
const ADDRESS: i32 = SESSION + MAX_SESSION_BYTES;
const NAME: i32 = ADDRESS + MAX_SESSION_BYTES;
const BUCKETS: i32 = NAME + 256;
const STRIDE: i32 = BUCKETS + 192;
const INDEX_SIZE: i32 = MAX_REPLICAS * 2;
/** A removed replica is still counted for this long, so that its last counters are reported. */
const KEEP_MS: f64 = 30000;

const rows: usize = (heap.alloc(MAX_REPLICAS * STRIDE + CACHE_LINE) + CACHE_LINE - 1) & ~(CACHE_LINE - 1);
const index = new StaticArray<i32>(INDEX_SIZE);
/** Slots at and above this one have never been used. */
let slotsUsed: i32 = 0;
/** No slot below this one is free. */
let freeFrom: i32 = 0;

function rowAt(slot: i32): usize {
  return rows + <usize>(slot * STRIDE);
}

export function replicaAt(slot: i32): Replica {
  return changetype<Replica>(rowAt(slot));
}

export function slotCount(): i32 {
  return slotsUsed;
}

export function isUsed(slot: i32): bool {
  return replicaAt(slot).used;
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

/** Latency histogram: LATENCY_BUCKETS counters, u32 each. */
export function bucketsAt(slot: i32): usize {
  return rowAt(slot) + BUCKETS;
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
  while (freeFrom < slotsUsed && isUsed(freeFrom)) freeFrom++;
  if (freeFrom == MAX_REPLICAS) return -1;
  if (freeFrom == slotsUsed) slotsUsed++;
  return freeFrom;
}

/** A slot for a replica that has none yet; -1 when all are taken. */
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
  addToIndex(slot);
  return slot;
}

/** Sets the address; a new one makes the replica a new one to ejection, to the failure average and to the pick. */
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
  replica.knownAt = -Infinity;
}

/** Marks a replica as named by table swap number `swap`. */
export function markListed(slot: i32, swap: u32, now: f64): void {
  const replica = replicaAt(slot);
  replica.listedIn = swap;
  replica.listedUntil = now;
}

/** Frees the slots that no table has named for a while and no request holds, and builds the index anew. */
export function releaseUnlisted(swap: u32, now: f64): void {
  memory.fill(changetype<usize>(index), 0, INDEX_SIZE * sizeof<i32>());
  freeFrom = 0;
  for (let slot = 0; slot < slotsUsed; slot++) {
    const replica = replicaAt(slot);
    if (!replica.used) continue;
    const forgotten = replica.listedIn != swap && now - replica.listedUntil > KEEP_MS;
    if (forgotten && replica.inFlight == 0) replica.used = false;
    else addToIndex(slot);
  }
}

/** Adds the time since the last change to the integral of the requests in flight. */
export function accrue(replica: Replica, now: f64): void {
  replica.inFlightMs += <f64>replica.inFlight * (now - replica.inFlightSince);
  replica.inFlightSince = now;
}
