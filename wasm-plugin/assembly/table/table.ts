/**
 * Decoder of the agent's table; `contract/proxy-table.ts` describes the format. The plugin checks a table to its last
 * byte before it uses any of it. A bad table changes nothing.
 */
import { fnv1a } from '../abi/bytes';
import { MAX_KEY_BYTES, MAX_NAME_BYTES, MAX_REPLICAS, MAX_SESSION_BYTES } from '../abi/limits';
import { forgetUtilisation, learnUtilisation } from './own-replica';
import { addReplica, findReplica, markListed, releaseUnlisted, replicaAt, setSession, slotCount } from './replicas';
import {
  addService,
  findService,
  firstMember,
  memberCount,
  members,
  pinning,
  releaseServices,
  routing,
  ROUTING_ENDPOINT,
  ROUTING_SUBSET,
  serviceListedIn,
} from './services';

const MAGIC: u32 = 0x54534c42;
const FORMAT: u16 = 2;
const HEADER: i64 = 32;
const SERVICE: i64 = 32;
const REPLICA: i64 = 20;

/** Version in force; 0: none. */
export let tableVersion: u64 = 0;
/** From then on the table may not be used, monotonic ms. */
export let tableExpiresAt: f64 = 0;
export let tableReceivedAt: f64 = 0;
/** Services of the table that do not fit into static memory and are left to Istio, and their replicas. */
export let servicesLeftOut: u32 = 0;
export let replicasLeftOut: u32 = 0;

let swap: u32 = 0;
let membersUsed: i32 = 0;

function isAmount(value: f32): bool {
  // False for NaN and Infinity, too.
  return value >= 0 && value < 1e9;
}

/** Whether the bytes are a table that `applyTable` will take. */
export function isSound(p: usize, length: i32): bool {
  const size = <i64>length;
  if (size < HEADER || load<u32>(p) != MAGIC || load<u16>(p, 4) != FORMAT || load<u64>(p, 8) == 0) return false;
  const services = <i64>load<u32>(p, 20);
  const replicas = <i64>load<u32>(p, 24);
  const strings = <i64>load<u32>(p, 28);
  if (HEADER + services * SERVICE + replicas * REPLICA + strings != size) return false;
  const stringsAt = p + <usize>(size - strings);
  let listed: i64 = 0;
  for (let i: i64 = 0; i < services; i++) {
    const row = p + <usize>(HEADER + i * SERVICE);
    const keyOffset = load<u32>(row);
    const keyLength = load<u16>(row, 4);
    const kind = load<u8>(row, 6);
    if (keyLength == 0 || <i64>keyOffset + <i64>keyLength > strings) return false;
    if (kind != ROUTING_SUBSET && kind != ROUTING_ENDPOINT) return false;
    // Each service's replicas follow those of the one before, so that every replica belongs to one service.
    if (<i64>load<u32>(row, 8) != listed) return false;
    listed += <i64>load<u32>(row, 12);
    if (listed > replicas || load<u32>(row, 16) != fnv1a(stringsAt + keyOffset, keyLength)) return false;
  }
  if (listed != replicas) return false;
  for (let i: i64 = 0; i < replicas; i++) {
    const row = p + <usize>(HEADER + services * SERVICE + i * REPLICA);
    if (load<u16>(row, 4) == 0 || <i64>load<u32>(row) + <i64>load<u16>(row, 4) > strings) return false;
    if (load<u16>(row, 6) == 0 || <i64>load<u32>(row, 8) + <i64>load<u16>(row, 6) > strings) return false;
    if (!isAmount(load<f32>(row, 12)) || !isAmount(load<f32>(row, 16))) return false;
  }
  return true;
}

/** Takes over one replica of a service; false when it does not fit. */
function takeReplica(service: i32, key: usize, keyLength: i32, row: usize, strings: usize, now: f64): bool {
  const name = strings + load<u32>(row);
  const nameLength = <i32>load<u16>(row, 4);
  const sessionLength = <i32>load<u16>(row, 6);
  learnUtilisation(key, keyLength, name, nameLength, <f64>load<f32>(row, 16));
  if (nameLength > MAX_NAME_BYTES || sessionLength > MAX_SESSION_BYTES) return false;
  let slot = findReplica(service, name, nameLength);
  if (slot < 0) slot = addReplica(service, name, nameLength);
  if (slot < 0) return false;
  const replica = replicaAt(slot);
  if (replica.listedIn == swap) return true;
  setSession(slot, key, keyLength, strings + load<u32>(row, 8), sessionLength);
  replica.weight = load<f32>(row, 12);
  replica.weightFactor = <f32>(1 / Math.sqrt(<f64>replica.weight));
  // Not eligible until its service is rebuilt.
  replica.place = -1;
  markListed(slot, swap, now);
  members[membersUsed++] = slot;
  return true;
}

/** Takes over a service; false when it does not fit. */
function takeService(row: usize, replicas: usize, strings: usize, now: f64): bool {
  const key = strings + load<u32>(row);
  const keyLength = <i32>load<u16>(row, 4);
  if (keyLength > MAX_KEY_BYTES) return false;
  let service = findService(key, keyLength);
  if (service < 0) {
    service = addService(key, keyLength);
    if (service < 0) return false;
  }
  if (serviceListedIn[service] == swap) return true;
  serviceListedIn[service] = swap;
  routing[service] = load<u8>(row, 6);
  pinning[service] = (load<u8>(row, 7) & 1) == 1;
  const first = membersUsed;
  const count = load<u32>(row, 12);
  // Decided first: replicas that are taken over in vain would take the room of smaller services.
  let fits = <u32>membersUsed + count <= <u32>MAX_REPLICAS;
  for (let i: u32 = 0; i < count && fits; i++) {
    const replica = replicas + <usize>((load<u32>(row, 8) + i) * <u32>REPLICA);
    fits = takeReplica(service, key, keyLength, replica, strings, now);
  }
  // Half of the replicas would get all requests, so the whole service is left to Istio.
  if (!fits) membersUsed = first;
  firstMember[service] = first;
  memberCount[service] = membersUsed - first;
  return fits;
}

/** Puts a sound table in force; false for any other. The caller rebuilds what picks are drawn from. */
export function applyTable(p: usize, length: i32, receivedAt: f64, now: f64): bool {
  if (!isSound(p, length)) return false;
  const services = load<u32>(p, 20);
  const replicas = p + <usize>(HEADER + <i64>services * SERVICE);
  const strings = replicas + <usize>(<i64>load<u32>(p, 24) * REPLICA);
  swap++;
  membersUsed = 0;
  forgetUtilisation();
  servicesLeftOut = 0;
  replicasLeftOut = 0;
  for (let i: u32 = 0; i < services; i++) {
    const row = p + <usize>(HEADER + <i64>i * SERVICE);
    if (takeService(row, replicas, strings, now)) continue;
    servicesLeftOut++;
    replicasLeftOut += load<u32>(row, 12);
  }
  for (let slot = 0; slot < slotCount(); slot++) {
    if (isListed(slot)) continue;
    replicaAt(slot).weight = 0;
    replicaAt(slot).place = -1;
  }
  releaseUnlisted(swap, now);
  releaseServices(swap);
  tableVersion = load<u64>(p, 8);
  tableReceivedAt = receivedAt;
  tableExpiresAt = receivedAt + <f64>load<u32>(p, 16);
  return true;
}

/** Whether the newest table names the replica. */
export function isListed(slot: i32): bool {
  return replicaAt(slot).listedIn == swap;
}
