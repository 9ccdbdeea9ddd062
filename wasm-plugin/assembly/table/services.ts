/**
 * The services of this VM: those that its requests name and those that the proxy's table has. One slot per service,
 * found by its key `<port>|<host>`.
 */
import { fnv1a, same } from '../abi/bytes';
import { MAX_KEY_BYTES, MAX_REPLICAS, MAX_SERVICES } from '../abi/limits';
import { interestMs } from '../abi/roots';

/** A service that no policy balances. Its block says just that. */
export const ROUTING_NONE: u8 = 0;
export const ROUTING_SUBSET: u8 = 1;
export const ROUTING_ENDPOINT: u8 = 2;
const INDEX_SIZE: i32 = MAX_SERVICES * 2;

const keys: usize = heap.alloc(MAX_SERVICES * MAX_KEY_BYTES);
const keyLength = new StaticArray<i32>(MAX_SERVICES);
const used = new StaticArray<bool>(MAX_SERVICES);
/** Slots by hash of the key, stored plus one: zero is "none". */
const index = new StaticArray<i32>(INDEX_SIZE);

// Interest.
/** When the proxy last called the service, as far as this VM knows, monotonic ms; -Infinity: never. */
export const lastCalled = new StaticArray<f64>(MAX_SERVICES);
/** `lastCalled` as shared data has it; -Infinity: not there. */
export const announcedAt = new StaticArray<f64>(MAX_SERVICES);
/** The agent knows that the proxy wants the service. Only the VM with the lease uses it. */
export const isAsked = new StaticArray<bool>(MAX_SERVICES);

// Content, from the table.
/** Version of the content; 0: none. */
export const version = new StaticArray<u64>(MAX_SERVICES);
export const routing = new StaticArray<u8>(MAX_SERVICES);
export const pinning = new StaticArray<bool>(MAX_SERVICES);
/** Number of the content: replicas that it names have it as `listedIn`. */
export const content = new StaticArray<u32>(MAX_SERVICES);
/** Number of the newest table that names the service. */
export const serviceListedIn = new StaticArray<u32>(MAX_SERVICES);
/** The content did not fit into static memory. */
export const isLeftOut = new StaticArray<bool>(MAX_SERVICES);
/** The members or their places changed: what picks are drawn from must be rebuilt. */
export const isStale = new StaticArray<bool>(MAX_SERVICES);
/** Replicas of the content: `members[firstMember .. firstMember + memberCount)`. */
export const firstMember = new StaticArray<i32>(MAX_SERVICES);
export const memberCount = new StaticArray<i32>(MAX_SERVICES);
export const members = new StaticArray<i32>(MAX_REPLICAS);
/** Rows of replicas in memory, including those of removed replicas. */
export const replicaRows = new StaticArray<i32>(MAX_SERVICES);
/** Moving average of the requests in flight that its replicas reported; 0 before the first report. */
export const averageInFlight = new StaticArray<f64>(MAX_SERVICES);

export function keyAt(service: i32): usize {
  return keys + <usize>(service * MAX_KEY_BYTES);
}

export function keyBytes(service: i32): i32 {
  return keyLength[service];
}

export function isService(service: i32): bool {
  return used[service];
}

/** Whether the table names replicas of the service, and they fit into static memory. */
export function isBalanced(service: i32): bool {
  return memberCount[service] > 0;
}

/** Whether the proxy called the service within the time that interest lasts. */
export function isWanted(service: i32, now: f64): bool {
  return lastCalled[service] > now - interestMs();
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

export function freeService(service: i32): void {
  used[service] = false;
}

/** Call it after `freeService`. */
export function rebuildServiceIndex(): void {
  memory.fill(changetype<usize>(index), 0, INDEX_SIZE * sizeof<i32>());
  for (let service = 0; service < MAX_SERVICES; service++) if (used[service]) addToIndex(service);
}

/** A free slot; else that of the service without replicas that was called the longest ago; else -1. */
function slotForService(): i32 {
  let oldest = -1;
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (!used[service]) return service;
    if (replicaRows[service] > 0 || memberCount[service] > 0) continue;
    if (oldest < 0 || lastCalled[service] < lastCalled[oldest]) oldest = service;
  }
  if (oldest < 0) return -1;
  freeService(oldest);
  rebuildServiceIndex();
  return oldest;
}

/** A slot for a service that has none yet; -1 when all slots have services with replicas. */
export function addService(key: usize, length: i32): i32 {
  const service = slotForService();
  if (service < 0) return -1;
  used[service] = true;
  memory.copy(keyAt(service), key, length);
  keyLength[service] = length;
  lastCalled[service] = -Infinity;
  announcedAt[service] = -Infinity;
  isAsked[service] = false;
  version[service] = 0;
  routing[service] = ROUTING_NONE;
  isLeftOut[service] = false;
  isStale[service] = false;
  serviceListedIn[service] = 0;
  memberCount[service] = 0;
  averageInFlight[service] = 0;
  addToIndex(service);
  return service;
}
