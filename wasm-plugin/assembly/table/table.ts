/** The table in force in this VM: takes over a new one, and later forgets what it no longer names. */
import { MAX_KEY_BYTES, MAX_NAME_BYTES, MAX_REPLICAS, MAX_SERVICES, MAX_SESSION_BYTES } from '../abi/limits';
import {
  allowsPinning,
  blockBytes,
  blockCount,
  blockKeyAt,
  blockKeyBytes,
  blockRouting,
  blockVersion,
  epochOf,
  HEADER,
  isSound,
  replicaCount,
  replicaNameAt,
  replicaNameBytes,
  replicaRow,
  sessionBytesOf,
  weightOf,
} from './block';
import {
  addReplica,
  findReplica,
  freeReplica,
  freeRows,
  rebuildReplicaIndex,
  replicaAt,
  setSession,
  slotCount,
} from './replicas';
import {
  addService,
  content,
  findService,
  firstMember,
  freeService,
  isLeftOut,
  isService,
  isStale,
  isWanted,
  memberCount,
  members,
  pinning,
  rebuildServiceIndex,
  replicaRows,
  routing,
  serviceListedIn,
  version,
} from './services';

/** A removed replica keeps its row for this long, so that its last counters are reported. */
const KEEP_MS: f64 = 30_000;
const SWEEP_PERIOD_MS: f64 = 1000;

/** Versions mean something only within their epoch; 0: no table. */
export let tableEpoch: u64 = 0;
/** Balanced services that the table has. */
export let servicesHeld: u32 = 0;
/** Services of the table that do not fit into static memory and are left to Istio, and their replicas. */
export let servicesLeftOut: u32 = 0;
export let replicasLeftOut: u32 = 0;

let table: u32 = 0;
let contents: u32 = 0;
let nextSweepAt: f64 = 0;
/** Members by the new table. They replace `members` once all services are taken over. */
const newMembers = new StaticArray<i32>(MAX_REPLICAS);
let newMembersUsed: i32 = 0;

/** Whether the newest table names the replica. */
export function isListed(slot: i32): bool {
  const replica = replicaAt(slot);
  return memberCount[replica.service] > 0 && replica.listedIn == content[replica.service];
}

/** Takes replicas out of use that the service's content no longer names. */
function unlistMembers(service: i32, first: i32, count: i32, now: f64): void {
  for (let i = first; i < first + count; i++) {
    const replica = replicaAt(members[i]);
    if (replica.listedIn == content[service]) continue;
    replica.weight = 0;
    replica.place = -1;
    replica.lastListedAt = now;
  }
}

/** Takes over one replica of a service; false when it does not fit. */
function takeReplica(service: i32, block: usize, row: usize, now: f64): bool {
  const name = replicaNameAt(block, row);
  const nameLength = replicaNameBytes(row);
  const sessionLength = sessionBytesOf(row);
  if (nameLength > MAX_NAME_BYTES || sessionLength > MAX_SESSION_BYTES) return false;
  let slot = findReplica(service, name, nameLength);
  if (slot < 0) {
    slot = addReplica(service, name, nameLength);
    if (slot < 0) return false;
    replicaRows[service] += 1;
  }
  const replica = replicaAt(slot);
  if (replica.listedIn == content[service]) return true;
  setSession(slot, blockKeyAt(block), blockKeyBytes(block), name + <usize>nameLength, sessionLength);
  replica.weight = weightOf(row);
  replica.weightFactor = <f32>(1 / Math.sqrt(<f64>replica.weight));
  // Not eligible until its service is rebuilt.
  replica.place = -1;
  replica.listedIn = content[service];
  replica.lastListedAt = now;
  newMembers[newMembersUsed++] = slot;
  return true;
}

/** Takes over the content of a service; false when it does not fit. */
function takeContent(service: i32, block: usize, now: f64): bool {
  const oldFirst = firstMember[service];
  const oldCount = memberCount[service];
  const first = newMembersUsed;
  const count = replicaCount(block);
  content[service] = ++contents;
  version[service] = blockVersion(block);
  routing[service] = blockRouting(block);
  pinning[service] = allowsPinning(block);
  isStale[service] = true;
  // Decided first: replicas that are taken over in vain would take the room of smaller services.
  let fits = count <= MAX_REPLICAS - first && count - replicaRows[service] <= freeRows();
  for (let i = 0; i < count && fits; i++) fits = takeReplica(service, block, replicaRow(block, i), now);
  // Half of the replicas would get all requests, so the whole service is left to Istio.
  if (!fits) {
    newMembersUsed = first;
    content[service] = ++contents;
  }
  unlistMembers(service, oldFirst, oldCount, now);
  firstMember[service] = first;
  memberCount[service] = newMembersUsed - first;
  return fits;
}

/** Keeps the members of a service whose content is unchanged; false when they no longer fit. */
function keepContent(service: i32, now: f64): bool {
  const count = memberCount[service];
  const first = firstMember[service];
  if (count > MAX_REPLICAS - newMembersUsed) {
    content[service] = ++contents;
    unlistMembers(service, first, count, now);
    memberCount[service] = 0;
    return false;
  }
  for (let i = 0; i < count; i++) newMembers[newMembersUsed + i] = members[first + i];
  if (first != newMembersUsed) isStale[service] = true;
  firstMember[service] = newMembersUsed;
  newMembersUsed += count;
  return true;
}

function takeService(block: usize, sameEpoch: bool, now: f64): void {
  const length = blockKeyBytes(block);
  let service = -1;
  if (length <= MAX_KEY_BYTES) {
    service = findService(blockKeyAt(block), length);
    if (service < 0) service = addService(blockKeyAt(block), length);
  }
  let fits = false;
  if (service >= 0) {
    const isKept = sameEpoch && version[service] == blockVersion(block) && !isLeftOut[service];
    serviceListedIn[service] = table;
    fits = isKept ? keepContent(service, now) : takeContent(service, block, now);
    isLeftOut[service] = !fits;
  }
  if (fits) {
    if (replicaCount(block) > 0) servicesHeld++;
    return;
  }
  servicesLeftOut++;
  replicasLeftOut += replicaCount(block);
}

function dropContent(service: i32, now: f64): void {
  content[service] = ++contents;
  version[service] = 0;
  isLeftOut[service] = false;
  unlistMembers(service, firstMember[service], memberCount[service], now);
  memberCount[service] = 0;
}

/** Puts a sound table in force; false for any other. The caller rebuilds the services that are stale afterwards. */
export function applyTable(p: usize, length: i32, now: f64): bool {
  if (!isSound(p, length)) return false;
  const sameEpoch = tableEpoch == epochOf(p);
  tableEpoch = epochOf(p);
  table++;
  newMembersUsed = 0;
  servicesHeld = 0;
  servicesLeftOut = 0;
  replicasLeftOut = 0;
  let block = p + HEADER;
  for (let i = blockCount(p); i > 0; i--) {
    takeService(block, sameEpoch, now);
    block += blockBytes(block);
  }
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (isService(service) && serviceListedIn[service] != table) dropContent(service, now);
  }
  for (let i = 0; i < newMembersUsed; i++) members[i] = newMembers[i];
  return true;
}

/**
 * Frees the rows of replicas that no table has named for a while and no request uses, and the slots of services that
 * are neither wanted nor listed. True when that made room for a service that was left out.
 */
export function sweep(now: f64): bool {
  if (now < nextSweepAt) return false;
  nextSweepAt = now + SWEEP_PERIOD_MS;
  let freed = 0;
  for (let slot = 0; slot < slotCount(); slot++) {
    const replica = replicaAt(slot);
    if (!replica.used || replica.inFlight > 0 || isListed(slot) || now - replica.lastListedAt <= KEEP_MS) continue;
    freeReplica(slot);
    replicaRows[replica.service] -= 1;
    freed++;
  }
  if (freed > 0) rebuildReplicaIndex();
  let freedServices = 0;
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (!isService(service) || serviceListedIn[service] == table || replicaRows[service] > 0) continue;
    if (isWanted(service, now)) continue;
    freeService(service);
    freedServices++;
  }
  if (freedServices > 0) rebuildServiceIndex();
  return servicesLeftOut > 0 && freed + freedServices > 0;
}
