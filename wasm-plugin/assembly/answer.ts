/** The caller's side of a response: learns from it, and takes off it what is between proxies. */
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
} from './abi';
import { readDecimal, same, skipTo } from './bytes';
import { eject, readmit } from './ejection';
import { bucketOf } from './latency';
import { GRPC_STATUS_HEADER, LOAD_HEADER, SESSION_HEADER, UNREACHED_HEADER } from './names';
import { ORCA_HEADER } from './orca';
import { accrue, addressAt, addressBytes, bucketsAt, Replica, replicaAt, sessionAt, sessionBytes } from './replicas';
import {
  failedInGrpc,
  isFailure,
  mayBeLocalReply,
  neverSent,
  readFlags,
  readStatus,
  SWITCHING_PROTOCOLS,
} from './response';
import { usesOrca } from './roots';
import { learnUsual, recentFailures, renewScore } from './score';
import { firstMember, memberCount, members, routing, ROUTING_ENDPOINT, ROUTING_SUBSET } from './services';
import { answered, failed, isProbe, replicaOf, startedAt, upgraded } from './streams';
import { isListed } from './table';

const FAILURE_GAIN: f64 = 0.1;
const SEMICOLON: u8 = 0x3b;

/** The listed replica with this session value, or -1. Only asked when Envoy went elsewhere than it was told. */
function replicaOfSession(service: i32, session: usize, length: i32): i32 {
  const first = firstMember[service];
  for (let i = 0; i < memberCount[service]; i++) {
    const slot = members[first + i];
    if (same(sessionAt(slot), sessionBytes(slot), session, length)) return slot;
  }
  return -1;
}

/** Takes the load header that was just read, `<requests in flight>;…`, for the word of replica `slot`. */
function takeLoad(slot: i32): void {
  const load = readDecimal(valueAt, valueAt + valueLength);
  removeHeader(RESPONSE_HEADERS, LOAD_HEADER);
  if (slot < 0 || load < 0) return;
  const replica = replicaAt(slot);
  replica.knownInFlight = <f32>load;
  replica.knownAt = lastMs;
  learnUsual(replica.service, <f64>load);
  renewScore(replica);
}

/**
 * Whether the load header that was just read ends with the address of replica `slot`: its sidecar says so of an answer
 * that is the application's and in order, and has seen to it that no other header of ours is there.
 */
function isPlainAnswer(slot: i32): bool {
  const end = valueAt + valueLength;
  const address = skipTo(SEMICOLON, 3, valueAt, end) + 1;
  return address < end && same(addressAt(slot), addressBytes(slot), address, <i32>(end - address));
}

/** Whether the replica's sidecar says that the application saw nothing; takes its word off the response. */
function takeUnreached(status: i32): bool {
  if (!hasHeader(RESPONSE_HEADERS, UNREACHED_HEADER)) return false;
  removeHeader(RESPONSE_HEADERS, UNREACHED_HEADER);
  // Added by the replica's plugin to what is no gRPC; in a reply to gRPC (status 200) it is Envoy's own.
  if (status != 200) removeHeader(RESPONSE_HEADERS, GRPC_STATUS_HEADER);
  return true;
}

/** The response to a request that was not ours to move: peers and Envoy's session filter speak there, too. */
export function onForeignResponse(): void {
  removeHeader(RESPONSE_HEADERS, SESSION_HEADER);
  if (usesOrca) removeHeader(RESPONSE_HEADERS, ORCA_HEADER);
  if (hasHeader(RESPONSE_HEADERS, UNREACHED_HEADER)) takeUnreached(readStatus());
}

function countOutcome(replica: Replica, bad: bool): void {
  const before = recentFailures(replica, lastMs);
  if (before == 0 && !bad) return;
  replica.failureAverage = <f32>(before + FAILURE_GAIN * ((bad ? 1.0 : 0.0) - before));
  replica.failureAt = lastMs;
  renewScore(replica);
}

function countLatency(slot: i32, ms: f64): void {
  const bucket = bucketsAt(slot) + <usize>(4 * bucketOf(ms));
  store<u32>(bucket, load<u32>(bucket) + 1);
}

/** An answer like most is known by one header: each further look at one costs about as much as the pick. */
export function onCallResponse(entry: i32, endOfStream: bool): void {
  const slot = replicaOf[entry];
  if (readHeader(RESPONSE_HEADERS, LOAD_HEADER) && isPlainAnswer(slot)) {
    takeLoad(slot);
    if (usesOrca) removeHeader(RESPONSE_HEADERS, ORCA_HEADER);
    answered[entry] = true;
    countOutcome(replicaAt(slot), false);
    if (isProbe[entry]) readmit(slot);
  } else {
    takeOtherAnswer(entry, slot, endOfStream);
  }
}

/** An answer that may come from elsewhere, be a failure, or be made up by a proxy on the way. */
function takeOtherAnswer(entry: i32, slot: i32, endOfStream: bool): void {
  const replica = replicaAt(slot);
  const service = replica.service;
  readHeaders(RESPONSE_HEADERS);
  const status = readStatus();
  const suspicious = mayBeLocalReply(status, endOfStream);
  const flags = suspicious ? readFlags() : 0;
  let missed = neverSent(flags, routing[service] == ROUTING_SUBSET);
  let server = slot;
  if (suspicious && takeUnreached(status)) missed = true;
  if (findHeader(RESPONSE_HEADERS, SESSION_HEADER)) {
    const elsewhere = !same(sessionAt(slot), sessionBytes(slot), valueAt, valueLength);
    if (elsewhere && routing[service] == ROUTING_ENDPOINT) {
      missed = true;
      server = replicaOfSession(service, valueAt, valueLength);
    }
    removeHeader(RESPONSE_HEADERS, SESSION_HEADER);
  }
  if (findHeader(RESPONSE_HEADERS, LOAD_HEADER)) takeLoad(server);
  // Envoy's router has read it by now, for its own balancer.
  if (usesOrca) removeHeader(RESPONSE_HEADERS, ORCA_HEADER);
  answered[entry] = true;
  failed[entry] = missed || isFailure(status, endOfStream);
  countOutcome(replica, failed[entry]);
  if (status == SWITCHING_PROTOCOLS) {
    upgraded[entry] = true;
    countLatency(slot, monotonicMs() - startedAt[entry]);
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
  const now = monotonicMs();
  const replica = replicaAt(slot);
  accrue(replica, now);
  replica.inFlight--;
  renewScore(replica);
  replica.requests++;
  if (failed[entry] || !answered[entry]) replica.failures++;
  else if (!upgraded[entry]) countLatency(slot, now - startedAt[entry]);
}
