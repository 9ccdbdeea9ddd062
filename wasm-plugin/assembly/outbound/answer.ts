/** The caller's side of a response: learns from it, and removes the headers that only proxies use. */
import {
  findHeader,
  hasHeader,
  lastMs,
  monotonicMs,
  readHeader,
  readHeaders,
  removeHeader,
  RESPONSE_HEADERS,
  RESPONSE_TRAILERS,
  valueAt,
  valueLength,
} from '../abi/host';
import { readDecimal, same, skipTo } from '../abi/bytes';
import { eject, readmit } from '../pick/ejection';
import { GRPC_STATUS_HEADER, LOAD_HEADER, ORCA_HEADER, SESSION_HEADER, UNREACHED_HEADER } from '../abi/names';
import { addressAt, addressBytes, Replica, replicaAt, sessionAt, sessionBytes } from '../table/replicas';
import {
  failedInGrpc,
  isAbandoned,
  isFailure,
  mayBeLocalReply,
  neverSent,
  readFlags,
  readStatus,
  SWITCHING_PROTOCOLS,
} from '../abi/response';
import { usesOrca } from '../abi/roots';
import { addToAverage, recentFailures, renewScore } from '../pick/score';
import { firstMember, memberCount, members, routing, ROUTING_ENDPOINT, ROUTING_SUBSET } from '../table/services';
import { answered, answeredAt, failed, isProbe, replicaOf, startedAt, upgraded } from '../abi/streams';
import { isListed } from '../table/table';

/** Rises with each call that ended. */
export let callsEnded: u64 = 0;

const FAILURE_GAIN: f64 = 0.1;
const SEMICOLON: u8 = 0x3b;

/** The listed replica with this session value, or -1. Needed only when Envoy did not follow the choice. */
function replicaOfSession(service: i32, session: usize, length: i32): i32 {
  const first = firstMember[service];
  for (let i = 0; i < memberCount[service]; i++) {
    const slot = members[first + i];
    if (same(sessionAt(slot), sessionBytes(slot), session, length)) return slot;
  }
  return -1;
}

/** Stores the load header that was just read, `<requests in flight>;…`, as the report of replica `slot`. */
function storeLoad(slot: i32): void {
  const inFlight = readDecimal(valueAt, valueAt + valueLength);
  removeHeader(RESPONSE_HEADERS, LOAD_HEADER);
  if (slot < 0 || inFlight < 0) return;
  const replica = replicaAt(slot);
  replica.reportedInFlight = <f32>inFlight;
  replica.reportedAt = lastMs;
  addToAverage(replica.service, <f64>inFlight);
  renewScore(replica);
}

/**
 * Whether the load header that was just read ends with the address of replica `slot`. The replica's sidecar adds the
 * address to the application's own successful answers, and has removed all other headers of ours from them.
 */
function isPlainAnswer(slot: i32): bool {
  const end = valueAt + valueLength;
  const address = skipTo(SEMICOLON, 3, valueAt, end) + 1;
  return address < end && same(addressAt(slot), addressBytes(slot), address, <i32>(end - address));
}

/** Whether the replica's sidecar reports that the application never saw the request. Removes the report. */
function removeUnreached(status: i32): bool {
  if (!hasHeader(RESPONSE_HEADERS, UNREACHED_HEADER)) return false;
  removeHeader(RESPONSE_HEADERS, UNREACHED_HEADER);
  // The replica's plugin added the gRPC status to plain HTTP. In a reply to gRPC (status 200) it is Envoy's own.
  if (status != 200) removeHeader(RESPONSE_HEADERS, GRPC_STATUS_HEADER);
  return true;
}

/** The response to a request that was left to Istio. Peers and Envoy's session filter may have added headers. */
export function onForeignResponse(): void {
  removeHeader(RESPONSE_HEADERS, SESSION_HEADER);
  if (usesOrca) removeHeader(RESPONSE_HEADERS, ORCA_HEADER);
  if (hasHeader(RESPONSE_HEADERS, UNREACHED_HEADER)) removeUnreached(readStatus());
}

/** Adds an outcome to the failure average of the replica. */
function countOutcome(replica: Replica, bad: bool): void {
  const before = recentFailures(replica, lastMs);
  if (before == 0 && !bad) return;
  replica.failureAverage = <f32>(before + FAILURE_GAIN * ((bad ? 1.0 : 0.0) - before));
  replica.failureAt = lastMs;
  renewScore(replica);
}

function markAnswered(entry: i32): void {
  answered[entry] = true;
  answeredAt[entry] = monotonicMs();
}

/** Latency is the time to the answer's headers: a long body or an open stream does not make the replica slow. */
function countLatency(replica: Replica, ms: f64): void {
  replica.latencyMs += ms;
  replica.answered++;
}

/** One header identifies a plain answer. Each further header read costs about as much as the pick. */
export function onCallResponse(entry: i32, endOfStream: bool): void {
  const slot = replicaOf[entry];
  if (readHeader(RESPONSE_HEADERS, LOAD_HEADER) && isPlainAnswer(slot)) {
    storeLoad(slot);
    if (usesOrca) removeHeader(RESPONSE_HEADERS, ORCA_HEADER);
    markAnswered(entry);
    countOutcome(replicaAt(slot), false);
    if (isProbe[entry]) readmit(slot);
  } else {
    onOtherAnswer(entry, slot, endOfStream);
  }
}

/** An answer that may come from another replica, be a failure, or be made up by a proxy on the way. */
function onOtherAnswer(entry: i32, slot: i32, endOfStream: bool): void {
  const replica = replicaAt(slot);
  const service = replica.service;
  readHeaders(RESPONSE_HEADERS);
  const status = readStatus();
  const suspicious = mayBeLocalReply(status, endOfStream);
  const flags = suspicious ? readFlags() : 0;
  let missed = neverSent(flags, routing[service] == ROUTING_SUBSET);
  let server = slot;
  if (suspicious && removeUnreached(status)) missed = true;
  if (findHeader(RESPONSE_HEADERS, SESSION_HEADER)) {
    const elsewhere = !same(sessionAt(slot), sessionBytes(slot), valueAt, valueLength);
    if (elsewhere && routing[service] == ROUTING_ENDPOINT) {
      missed = true;
      server = replicaOfSession(service, valueAt, valueLength);
    }
    removeHeader(RESPONSE_HEADERS, SESSION_HEADER);
  }
  if (findHeader(RESPONSE_HEADERS, LOAD_HEADER)) storeLoad(server);
  // Envoy's router has already read it for its own balancer.
  if (usesOrca) removeHeader(RESPONSE_HEADERS, ORCA_HEADER);
  markAnswered(entry);
  failed[entry] = missed || isFailure(status, endOfStream);
  countOutcome(replica, failed[entry]);
  if (status == SWITCHING_PROTOCOLS) {
    upgraded[entry] = true;
    countLatency(replica, answeredAt[entry] - startedAt[entry]);
  }
  if (missed) {
    replica.unreached++;
    if (isListed(slot)) eject(slot, isProbe[entry], lastMs);
  } else if (isProbe[entry] && flags == 0) {
    readmit(slot);
  }
}

export function onCallTrailers(entry: i32): void {
  if (failed[entry] || !failedInGrpc(RESPONSE_TRAILERS)) return;
  failed[entry] = true;
  countOutcome(replicaAt(replicaOf[entry]), true);
}

export function onCallEnd(entry: i32): void {
  const slot = replicaOf[entry];
  const replica = replicaAt(slot);
  replica.inFlight--;
  renewScore(replica);
  replica.requests++;
  callsEnded++;
  if (!answered[entry]) {
    // The replica would have taken longer still; that counts, or a replica that never answers looked idle.
    if (isAbandoned(readFlags())) replica.latencyMs += monotonicMs() - startedAt[entry];
    else replica.failures++;
  } else if (failed[entry]) {
    replica.failures++;
  } else if (!upgraded[entry]) {
    countLatency(replica, answeredAt[entry] - startedAt[entry]);
  }
}
