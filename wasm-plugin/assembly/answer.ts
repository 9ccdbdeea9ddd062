/** The caller's side of a response: learns from it, and takes off it what is between proxies. */
import {
  findHeader,
  hasHeader,
  monotonicMs,
  readHeaders,
  removeHeader,
  RESPONSE_HEADERS,
  RESPONSE_TRAILERS,
  valueAt,
  valueLength,
} from './abi';
import { readDecimal, same } from './bytes';
import { eject, readmit } from './ejection';
import { bucketOf } from './latency';
import { GRPC_STATUS_HEADER, LOAD_HEADER, SESSION_HEADER, UNREACHED_HEADER } from './names';
import { ORCA_HEADER } from './orca';
import { recentFailures } from './pick';
import { accrue, bucketsAt, Replica, replicaAt, sessionAt, sessionBytes } from './replicas';
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
import { firstMember, memberCount, members, routing, ROUTING_ENDPOINT, ROUTING_SUBSET, learnUsual } from './services';
import { answered, failed, isProbe, replicaOf, startedAt, upgraded } from './streams';
import { isListed } from './table';

const FAILURE_GAIN: f64 = 0.1;

/** The listed replica with this session value, or -1. Only asked when Envoy went elsewhere than it was told. */
function replicaOfSession(service: i32, session: usize, length: i32): i32 {
  const first = firstMember[service];
  for (let i = 0; i < memberCount[service]; i++) {
    const slot = members[first + i];
    if (same(sessionAt(slot), sessionBytes(slot), session, length)) return slot;
  }
  return -1;
}

/** Reads `<requests in flight>;…`, the word of the replica that answered. */
function learnLoad(slot: i32, now: f64): void {
  if (!findHeader(RESPONSE_HEADERS, LOAD_HEADER)) return;
  const load = readDecimal(valueAt, valueAt + valueLength);
  removeHeader(RESPONSE_HEADERS, LOAD_HEADER);
  if (slot < 0 || load < 0) return;
  const replica = replicaAt(slot);
  replica.knownInFlight = <f32>load;
  replica.knownAt = now;
  learnUsual(replica.service, <f64>load);
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

function countOutcome(replica: Replica, bad: bool, now: f64): void {
  const before = recentFailures(replica, now);
  replica.failureAverage = <f32>(before + FAILURE_GAIN * ((bad ? 1.0 : 0.0) - before));
  replica.failureAt = now;
}

function countLatency(slot: i32, ms: f64): void {
  const bucket = bucketsAt(slot) + <usize>(4 * bucketOf(ms));
  store<u32>(bucket, load<u32>(bucket) + 1);
}

export function onCallResponse(entry: i32, endOfStream: bool): void {
  const slot = replicaOf[entry];
  const replica = replicaAt(slot);
  const service = replica.service;
  const now = monotonicMs();
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
  learnLoad(server, now);
  // Envoy's router has read it by now, for its own balancer.
  if (usesOrca) removeHeader(RESPONSE_HEADERS, ORCA_HEADER);
  answered[entry] = true;
  failed[entry] = missed || isFailure(status, endOfStream);
  countOutcome(replica, failed[entry], now);
  if (status == SWITCHING_PROTOCOLS) {
    upgraded[entry] = true;
    countLatency(slot, now - startedAt[entry]);
  }
  if (missed) {
    replica.unreached++;
    if (isListed(slot)) eject(slot, isProbe[entry], now);
  } else if (isProbe[entry] && flags == 0) {
    readmit(slot);
  }
}

export function onCallTrailers(entry: i32): void {
  if (failed[entry] || !failedInGrpc(RESPONSE_TRAILERS)) return;
  failed[entry] = true;
  countOutcome(replicaAt(replicaOf[entry]), true, monotonicMs());
}

export function onCallEnd(entry: i32): void {
  const slot = replicaOf[entry];
  const now = monotonicMs();
  const replica = replicaAt(slot);
  accrue(replica, now);
  replica.inFlight--;
  replica.requests++;
  if (failed[entry] || !answered[entry]) replica.failures++;
  else if (!upgraded[entry]) countLatency(slot, now - startedAt[entry]);
}
