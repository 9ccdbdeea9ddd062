/** The caller's side of a request: chooses the replica. `answer.ts` has the response. */
import {
  dropHeader,
  lastMs,
  monotonicMs,
  readHeader,
  REQUEST_HEADERS,
  setHeader,
  valueAt,
  valueLength,
} from '../abi/host';
import { skipTo } from '../abi/bytes';
import { dueProbe } from '../pick/ejection';
import { MAX_KEY_BYTES } from '../abi/limits';
import { ENDPOINT_HEADER, SESSION_HEADER } from '../abi/names';
import { pick } from '../pick/pick';
import { uniform } from '../pick/random';
import { findReplica, nameAt, nameBytes, replicaAt, sessionAt, sessionBytes } from '../table/replicas';
import { renewScore } from '../pick/score';
import { addService, findService, isBalanced, lastCalled, pinning, routing, ROUTING_ENDPOINT } from '../table/services';
import { CALLED, isProbe, openStream, replicaOf, side, startedAt } from '../abi/streams';
import { isTableValid } from '../table/news';
import { isListed } from '../table/table';

/** Requests that the plugin chose the replica for. */
export let picks: u64 = 0;
// Requests of balanced services that were left to Istio, by reason.
export let withoutTable: u64 = 0;
export let withoutReplica: u64 = 0;
export let overStreamLimit: u64 = 0;

export function fallbacks(): u64 {
  return withoutTable + withoutReplica + overStreamLimit;
}

const BAR: u8 = 0x7c;
const key: usize = heap.alloc(MAX_KEY_BYTES);
let window: f64 = 0;

/** Places this proxy's window on the replicas at random. Call it once, after `seedRandom`. */
export function placeWindow(): void {
  window = uniform();
}

/** After a service found no slot, the next one is not tried before this time: a search costs as much as many picks. */
const RETRY_MS: f64 = 1000;
let fullUntil: f64 = 0;

/** Notes that the proxy calls the service whose key is in `key`; its slot, or -1 when there is no room for it. */
function noteCall(keyLength: i32): i32 {
  let service = findService(key, keyLength);
  if (service < 0) {
    if (lastMs < fullUntil) return -1;
    service = addService(key, keyLength);
    if (service < 0) {
      fullUntil = lastMs + RETRY_MS;
      return -1;
    }
  }
  lastCalled[service] = lastMs;
  return service;
}

/**
 * The service of a cluster `outbound|<port>|<subset>|<host>`, or -1. A subset that is none of the replicas, for example
 * a canary, comes from a user's route, which the plugin must not override.
 */
function serviceOfCluster(cluster: usize, length: i32): i32 {
  const end = cluster + length;
  const port = cluster + 9;
  const subset = skipTo(BAR, 1, port, end) + 1;
  const subsetEnd = skipTo(BAR, 1, subset, end);
  if (subsetEnd >= end) return -1;
  const host = subsetEnd + 1;
  const portLength = <i32>(subset - port);
  const hostLength = <i32>(end - host);
  if (portLength + hostLength > MAX_KEY_BYTES) return -1;
  memory.copy(key, port, portLength);
  memory.copy(key + portLength, host, hostLength);
  const service = noteCall(portLength + hostLength);
  if (service < 0 || !isBalanced(service)) return -1;
  const subsetLength = <i32>(subsetEnd - subset);
  if (subsetLength == 0) return service;
  const slot = findReplica(service, subset, subsetLength);
  return slot >= 0 && isListed(slot) ? service : -1;
}

/** Removes the headers that choose a replica: clients must not. */
export function stripChoice(): void {
  dropHeader(REQUEST_HEADERS, ENDPOINT_HEADER);
  dropHeader(REQUEST_HEADERS, SESSION_HEADER);
}

function pinnedReplica(service: i32): i32 {
  if (!pinning[service] || !readHeader(REQUEST_HEADERS, ENDPOINT_HEADER)) return -1;
  const slot = findReplica(service, valueAt, valueLength);
  return slot >= 0 && isListed(slot) ? slot : -1;
}

function stamp(service: i32, slot: i32): void {
  setHeader(REQUEST_HEADERS, ENDPOINT_HEADER, nameAt(slot), nameBytes(slot));
  if (routing[service] != ROUTING_ENDPOINT) {
    dropHeader(REQUEST_HEADERS, SESSION_HEADER);
    return;
  }
  setHeader(REQUEST_HEADERS, SESSION_HEADER, sessionAt(slot), sessionBytes(slot));
}

export function onCallRequest(context: u32, cluster: usize, clusterLength: i32): void {
  const service = serviceOfCluster(cluster, clusterLength);
  if (service < 0) {
    stripChoice();
    return;
  }
  const now = monotonicMs();
  const fresh = isTableValid(now);
  let slot = -1;
  let probe = false;
  if (fresh) {
    slot = pinnedReplica(service);
    if (slot < 0) {
      if (routing[service] == ROUTING_ENDPOINT) slot = dueProbe(service, now);
      probe = slot >= 0;
      if (!probe) slot = pick(service, now, uniform(), window);
    }
  }
  const entry = slot < 0 ? -1 : openStream(context);
  if (entry < 0) {
    if (!fresh) withoutTable++;
    else if (slot < 0) withoutReplica++;
    else overStreamLimit++;
    stripChoice();
    return;
  }
  picks++;
  stamp(service, slot);
  side[entry] = CALLED;
  startedAt[entry] = now;
  replicaOf[entry] = slot;
  isProbe[entry] = probe;
  const replica = replicaAt(slot);
  replica.inFlight++;
  renewScore(replica);
}
