/**
 * What this VM knows of each replica, one slot per replica, column by column. A slot outlives the table versions:
 * it is found again by its service and name, and is given up some time after the last table that named it.
 */
import { fnv1a64, same, FNV64_START } from './bytes';
import { MAX_NAME_BYTES, MAX_REPLICAS, MAX_SESSION_BYTES } from './limits';

export const LATENCY_BUCKETS: i32 = 40;
const NAME_STRIDE: i32 = 256;
const INDEX_SIZE: i32 = MAX_REPLICAS * 2;
/** A removed replica is still counted for this long, so that its last counters are reported. */
const KEEP_MS: f64 = 30000;

const names: usize = heap.alloc(MAX_REPLICAS * NAME_STRIDE);
const sessions: usize = heap.alloc(MAX_REPLICAS * MAX_SESSION_BYTES);
const used = new StaticArray<bool>(MAX_REPLICAS);
const index = new StaticArray<i32>(INDEX_SIZE);
/** Slots at and above this one have never been used. */
let slotsUsed: i32 = 0;
/** No slot below this one is free. */
let freeFrom: i32 = 0;

export const serviceOf = new StaticArray<i32>(MAX_REPLICAS);
const nameLength = new StaticArray<i32>(MAX_REPLICAS);
const sessionLength = new StaticArray<i32>(MAX_REPLICAS);
/** Identity for ejection: service, name and address. A replica that moved starts with a clean slate. */
export const identity = new StaticArray<u64>(MAX_REPLICAS);
/** Number of the table swap that last named the replica. */
export const listedIn = new StaticArray<u32>(MAX_REPLICAS);
const listedUntil = new StaticArray<f64>(MAX_REPLICAS);

// From the table.
export const weight = new StaticArray<f64>(MAX_REPLICAS);
export const meanInFlight = new StaticArray<f64>(MAX_REPLICAS);
export const meanLatencyMs = new StaticArray<f64>(MAX_REPLICAS);

// Last known requests in flight at the replica, by the table or by a response, and when it was true.
export const knownInFlight = new StaticArray<f64>(MAX_REPLICAS);
export const knownAt = new StaticArray<f64>(MAX_REPLICAS);
/** Requests sent from here since then, and when the last one was. */
export const sentSince = new StaticArray<i32>(MAX_REPLICAS);
export const lastSentAt = new StaticArray<f64>(MAX_REPLICAS);
/** Moving average of failures, 0 to 1, and when it was last renewed. */
export const failureAverage = new StaticArray<f64>(MAX_REPLICAS);

export const failureAt = new StaticArray<f64>(MAX_REPLICAS);

export const ejected = new StaticArray<bool>(MAX_REPLICAS);
/** While ejected: when the next probe may go out. */
export const retryAt = new StaticArray<f64>(MAX_REPLICAS);

// Counters since the VM started.
export const requests = new StaticArray<u64>(MAX_REPLICAS);
export const failures = new StaticArray<u64>(MAX_REPLICAS);
export const unreached = new StaticArray<u64>(MAX_REPLICAS);
export const inFlight = new StaticArray<i32>(MAX_REPLICAS);
export const inFlightMs = new StaticArray<f64>(MAX_REPLICAS);
export const inFlightSince = new StaticArray<f64>(MAX_REPLICAS);
export const buckets = new StaticArray<u32>(MAX_REPLICAS * LATENCY_BUCKETS);

export function slotCount(): i32 {
  return slotsUsed;
}

export function isUsed(slot: i32): bool {
  return used[slot];
}

export function nameAt(slot: i32): usize {
  return names + <usize>(slot * NAME_STRIDE);
}

export function nameBytes(slot: i32): i32 {
  return nameLength[slot];
}

export function sessionAt(slot: i32): usize {
  return sessions + <usize>(slot * MAX_SESSION_BYTES);
}

export function sessionBytes(slot: i32): i32 {
  return sessionLength[slot];
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
    if (serviceOf[slot] == service && same(nameAt(slot), nameLength[slot], name, length)) return slot;
    place = (place + 1) & (INDEX_SIZE - 1);
  }
}

function addToIndex(slot: i32): void {
  let place = indexStart(serviceOf[slot], nameAt(slot), nameLength[slot]);
  while (index[place] != 0) place = (place + 1) & (INDEX_SIZE - 1);
  index[place] = slot + 1;
}

function firstFree(): i32 {
  while (freeFrom < slotsUsed && used[freeFrom]) freeFrom++;
  if (freeFrom == MAX_REPLICAS) return -1;
  if (freeFrom == slotsUsed) slotsUsed++;
  return freeFrom;
}

/** A slot for a replica that has none yet; -1 when all are taken. */
export function addReplica(service: i32, name: usize, length: i32): i32 {
  const slot = firstFree();
  if (slot < 0) return -1;
  used[slot] = true;
  serviceOf[slot] = service;
  memory.copy(nameAt(slot), name, length);
  nameLength[slot] = length;
  sessionLength[slot] = 0;
  identity[slot] = 0;
  listedIn[slot] = 0;
  weight[slot] = 0;
  knownInFlight[slot] = 0;
  knownAt[slot] = 0;
  sentSince[slot] = 0;
  lastSentAt[slot] = 0;
  failureAverage[slot] = 0;
  ejected[slot] = false;
  retryAt[slot] = 0;
  requests[slot] = 0;
  failures[slot] = 0;
  unreached[slot] = 0;
  inFlight[slot] = 0;
  inFlightMs[slot] = 0;
  inFlightSince[slot] = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) buckets[slot * LATENCY_BUCKETS + bucket] = 0;
  addToIndex(slot);
  return slot;
}

/** Sets the address; a new one makes the replica a new one to ejection and to the failure average. */
export function setSession(slot: i32, serviceKey: usize, keyLength: i32, session: usize, length: i32): void {
  if (identity[slot] != 0 && same(sessionAt(slot), sessionLength[slot], session, length)) return;
  memory.copy(sessionAt(slot), session, length);
  sessionLength[slot] = length;
  const ofName = fnv1a64(nameAt(slot), nameLength[slot], fnv1a64(serviceKey, keyLength, FNV64_START));
  identity[slot] = fnv1a64(session, length, ofName);
  ejected[slot] = false;
  failureAverage[slot] = 0;
}

/** Marks a replica as named by table swap number `swap`. */
export function markListed(slot: i32, swap: u32, now: f64): void {
  listedIn[slot] = swap;
  listedUntil[slot] = now;
}

/** Frees the slots that no table has named for a while and no request holds, and builds the index anew. */
export function releaseUnlisted(swap: u32, now: f64): void {
  memory.fill(changetype<usize>(index), 0, INDEX_SIZE * sizeof<i32>());
  freeFrom = 0;
  for (let slot = 0; slot < slotsUsed; slot++) {
    if (!used[slot]) continue;
    if (listedIn[slot] != swap && inFlight[slot] == 0 && now - listedUntil[slot] > KEEP_MS) used[slot] = false;
    else addToIndex(slot);
  }
}

/** Adds the time since the last change to the integral of the requests in flight. */
export function accrue(slot: i32, now: f64): void {
  inFlightMs[slot] += <f64>inFlight[slot] * (now - inFlightSince[slot]);
  inFlightSince[slot] = now;
}
