/** What this VM knows of each balanced service: one slot per service, found by its key `<port>|<host>`. */
import { putEntry, settle } from './alias-table';
import { fnv1a, same } from './bytes';
import { MAX_KEY_BYTES, MAX_REPLICAS, MAX_SERVICES } from './limits';
import { replicaAt, slotCount } from './replicas';
import { forgetUsual, renewScore } from './score';

export const ROUTING_SUBSET: u8 = 1;
export const ROUTING_ENDPOINT: u8 = 2;
const INDEX_SIZE: i32 = MAX_SERVICES * 2;

const keys: usize = heap.alloc(MAX_SERVICES * MAX_KEY_BYTES);
const keyLength = new StaticArray<i32>(MAX_SERVICES);
const used = new StaticArray<bool>(MAX_SERVICES);
const index = new StaticArray<i32>(INDEX_SIZE);

export const routing = new StaticArray<u8>(MAX_SERVICES);
export const pinning = new StaticArray<bool>(MAX_SERVICES);
/** Number of the table swap that last named the service. */
export const serviceListedIn = new StaticArray<u32>(MAX_SERVICES);
/** Replicas of the service in the table: `members[firstMember .. firstMember + memberCount)`. */
export const firstMember = new StaticArray<i32>(MAX_SERVICES);
export const memberCount = new StaticArray<i32>(MAX_SERVICES);
export const members = new StaticArray<i32>(MAX_REPLICAS);

/** Replicas to draw from (listed, of positive weight, not ejected), entries of the alias table from `firstMember` on. */
export const eligibleCount = new StaticArray<i32>(MAX_SERVICES);
/** When the first of its ejected replicas may be probed; Infinity when none is ejected. */
export const nextProbeAt = new StaticArray<f64>(MAX_SERVICES);

export function keyAt(service: i32): usize {
  return keys + <usize>(service * MAX_KEY_BYTES);
}

export function keyBytes(service: i32): i32 {
  return keyLength[service];
}

/** The slot of a service by its key, or -1. */
export function findService(key: usize, length: i32): i32 {
  let place = (<i32>fnv1a(key, length)) & (INDEX_SIZE - 1);
  while (true) {
    const service = index[place] - 1;
    if (service < 0) return -1;
    if (same(keyAt(service), keyLength[service], key, length)) return service;
    place = (place + 1) & (INDEX_SIZE - 1);
  }
}

function addToIndex(service: i32): void {
  let place = (<i32>fnv1a(keyAt(service), keyLength[service])) & (INDEX_SIZE - 1);
  while (index[place] != 0) place = (place + 1) & (INDEX_SIZE - 1);
  index[place] = service + 1;
}

/** A slot for a service that has none yet; -1 when all are taken. */
export function addService(key: usize, length: i32): i32 {
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (used[service]) continue;
    used[service] = true;
    memory.copy(keyAt(service), key, length);
    keyLength[service] = length;
    serviceListedIn[service] = 0;
    memberCount[service] = 0;
    eligibleCount[service] = 0;
    nextProbeAt[service] = Infinity;
    forgetUsual(service);
    addToIndex(service);
    return service;
  }
  return -1;
}

/** Empties the services that the table no longer names, and frees those of which no replica is remembered either. */
export function releaseServices(swap: u32): void {
  memory.fill(changetype<usize>(index), 0, INDEX_SIZE * sizeof<i32>());
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (!used[service] || serviceListedIn[service] == swap) continue;
    used[service] = false;
    memberCount[service] = 0;
    eligibleCount[service] = 0;
  }
  for (let slot = 0; slot < slotCount(); slot++) {
    const replica = replicaAt(slot);
    if (replica.used) used[replica.service] = true;
  }
  for (let service = 0; service < MAX_SERVICES; service++) if (used[service]) addToIndex(service);
}

/** Whether the newest table names the service. */
export function isBalanced(service: i32): bool {
  return memberCount[service] > 0;
}

/** Rebuilds what picks are drawn from, after a table or an ejection changed it. */
export function rebuildEligible(service: i32): void {
  const first = firstMember[service];
  let count = 0;
  let sum: f64 = 0;
  let probeAt: f64 = Infinity;
  for (let i = 0; i < memberCount[service]; i++) {
    const slot = members[first + i];
    const replica = replicaAt(slot);
    replica.place = -1;
    // One that is to get nothing is not probed either.
    if (!(replica.weight > 0)) continue;
    if (replica.ejected) {
      probeAt = min(probeAt, replica.retryAt);
    } else {
      sum += replica.weight;
      putEntry(first + count, slot, replica.weight);
      replica.place = first + count;
      renewScore(replica);
      count++;
    }
  }
  settle(first, count, sum);
  eligibleCount[service] = count;
  nextProbeAt[service] = probeAt;
}
