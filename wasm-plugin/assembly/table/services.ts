/** What this VM knows of each balanced service: one slot per service, found by its key `<port>|<host>`. */
import { fnv1a, same } from '../abi/bytes';
import { MAX_KEY_BYTES, MAX_REPLICAS, MAX_SERVICES } from '../abi/limits';
import { replicaAt, slotCount } from './replicas';

export const ROUTING_SUBSET: u8 = 1;
export const ROUTING_ENDPOINT: u8 = 2;
const INDEX_SIZE: i32 = MAX_SERVICES * 2;

const keys: usize = heap.alloc(MAX_SERVICES * MAX_KEY_BYTES);
const keyLength = new StaticArray<i32>(MAX_SERVICES);
const used = new StaticArray<bool>(MAX_SERVICES);
/** Slots by hash of the key, stored plus one: zero is "none". */
const index = new StaticArray<i32>(INDEX_SIZE);

export const routing = new StaticArray<u8>(MAX_SERVICES);
export const pinning = new StaticArray<bool>(MAX_SERVICES);
/** Number of the table swap that last named the service. */
export const serviceListedIn = new StaticArray<u32>(MAX_SERVICES);
/** Replicas of the service in the table: `members[firstMember .. firstMember + memberCount)`. */
export const firstMember = new StaticArray<i32>(MAX_SERVICES);
export const memberCount = new StaticArray<i32>(MAX_SERVICES);
export const members = new StaticArray<i32>(MAX_REPLICAS);
/** Moving average of the requests in flight that its replicas reported; 0 before the first report. */
export const averageInFlight = new StaticArray<f64>(MAX_SERVICES);

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

/** A slot for a service that has none yet; -1 when no slot is free. */
export function addService(key: usize, length: i32): i32 {
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (used[service]) continue;
    used[service] = true;
    memory.copy(keyAt(service), key, length);
    keyLength[service] = length;
    serviceListedIn[service] = 0;
    memberCount[service] = 0;
    averageInFlight[service] = 0;
    addToIndex(service);
    return service;
  }
  return -1;
}

/** Empties the services that the table no longer names. Frees those without any replica left in memory. */
export function releaseServices(swap: u32): void {
  memory.fill(changetype<usize>(index), 0, INDEX_SIZE * sizeof<i32>());
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (!used[service] || serviceListedIn[service] == swap) continue;
    used[service] = false;
    memberCount[service] = 0;
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
