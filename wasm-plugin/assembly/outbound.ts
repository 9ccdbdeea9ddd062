/** The caller's side: chooses the replica of each request and learns from its response. */
import {
  dropHeader,
  hasHeader,
  monotonicMs,
  readHeader,
  removeHeader,
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
  RESPONSE_TRAILERS,
  setHeader,
  valueAt,
  valueLength,
} from './abi';
import { decimalEnd, readDecimal, same } from './bytes';
import { dueProbe, eject, readmit } from './ejection';
import { bucketOf } from './latency';
import { MAX_KEY_BYTES } from './limits';
import { ENDPOINT_HEADER, GRPC_STATUS_HEADER, LOAD_HEADER, SESSION_HEADER, UNREACHED_HEADER } from './names';
import { pick, recentFailures } from './pick';
import { uniform } from './random';
import {
  accrue,
  buckets,
  failureAt,
  failureAverage,
  failures,
  findReplica,
  inFlight,
  knownAt,
  knownInFlight,
  LATENCY_BUCKETS,
  lastSentAt,
  meanLatencyMs,
  nameAt,
  nameBytes,
  requests,
  sentSince,
  serviceOf,
  sessionAt,
  sessionBytes,
  unreached,
} from './replicas';
import {
  failedInGrpc,
  isFailure,
  mayBeLocalReply,
  neverSent,
  readFlags,
  readStatus,
  SWITCHING_PROTOCOLS,
} from './response';
import { ORCA_HEADER } from './orca';
import { remember } from './ring';
import { usesOrca } from './roots';
import {
  findService,
  firstMember,
  isBalanced,
  memberCount,
  members,
  pinning,
  routing,
  ROUTING_ENDPOINT,
  ROUTING_SUBSET,
} from './services';
import { answered, CALLED, failed, isProbe, openStream, replicaOf, side, startedAt, upgraded } from './streams';
import { isListed, tableExpiresAt } from './table';

const FAILURE_GAIN: f64 = 0.1;
/** Requests of balanced services that were left to Istio for want of a fresh table or a replica. */
export let fallbacks: u64 = 0;

const key: usize = heap.alloc(MAX_KEY_BYTES);

/**
 * The service of a cluster `outbound|<port>|<subset>|<host>`, or -1. A subset that is no replica of ours (a canary,
 * say) was chosen by somebody else's route: such a request is not ours to move.
 */
function serviceOfCluster(cluster: usize, length: i32): i32 {
  const end = cluster + length;
  const port = cluster + 9;
  let p = port;
  while (p < end && load<u8>(p) != 0x7c) p++;
  const subset = p + 1;
  p = subset;
  while (p < end && load<u8>(p) != 0x7c) p++;
  if (p >= end) return -1;
  const host = p + 1;
  const portLength = <i32>(subset - port);
  const hostLength = <i32>(end - host);
  if (portLength + hostLength > MAX_KEY_BYTES) return -1;
  memory.copy(key, port, portLength);
  memory.copy(key + portLength, host, hostLength);
  const service = findService(key, portLength + hostLength);
  if (service < 0 || !isBalanced(service)) return -1;
  const subsetLength = <i32>(p - subset);
  if (subsetLength == 0) return service;
  const slot = findReplica(service, subset, subsetLength);
  return slot >= 0 && isListed(slot) ? service : -1;
}

/** Removes what would choose a replica: nobody outside does. */
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
  let slot = -1;
  let probe = false;
  if (now < tableExpiresAt) {
    slot = pinnedReplica(service);
    if (slot < 0) {
      if (routing[service] == ROUTING_ENDPOINT) slot = dueProbe(service, now);
      probe = slot >= 0;
      if (!probe) slot = pick(service, now, uniform(), uniform());
    }
  }
  const entry = slot < 0 ? -1 : openStream(context);
  if (entry < 0) {
    fallbacks++;
    stripChoice();
    return;
  }
  stamp(service, slot);
  side[entry] = CALLED;
  startedAt[entry] = now;
  replicaOf[entry] = slot;
  isProbe[entry] = probe;
  accrue(slot, now);
  inFlight[slot] += 1;
  sentSince[slot] += 1;
  lastSentAt[slot] = now;
}

/** The listed replica with this session value, or -1. Only asked when Envoy went elsewhere than it was told. */
function replicaOfSession(service: i32, session: usize, length: i32): i32 {
  const first = firstMember[service];
  for (let i = 0; i < memberCount[service]; i++) {
    const slot = members[first + i];
    if (same(sessionAt(slot), sessionBytes(slot), session, length)) return slot;
  }
  return -1;
}

/** Reads `<requests in flight>;<latency, microseconds>…`, the word of the replica that answered. */
function learnLoad(slot: i32, now: f64): void {
  if (!readHeader(RESPONSE_HEADERS, LOAD_HEADER)) {
    if (slot >= 0 && sentSince[slot] > 0) sentSince[slot] -= 1;
    return;
  }
  const end = valueAt + valueLength;
  const load = readDecimal(valueAt, end);
  const latency = readDecimal(decimalEnd + 1, end);
  removeHeader(RESPONSE_HEADERS, LOAD_HEADER);
  if (slot < 0 || load < 0) return;
  knownInFlight[slot] = <f64>load;
  knownAt[slot] = now;
  sentSince[slot] = 0;
  if (meanLatencyMs[slot] == 0 && latency > 0) meanLatencyMs[slot] = <f64>latency * 0.001;
  remember(serviceOf[slot], slot, now);
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

function countOutcome(slot: i32, bad: bool, now: f64): void {
  const before = recentFailures(slot, now);
  failureAverage[slot] = before + FAILURE_GAIN * ((bad ? 1.0 : 0.0) - before);
  failureAt[slot] = now;
}

function countLatency(slot: i32, ms: f64): void {
  buckets[slot * LATENCY_BUCKETS + bucketOf(ms)] += 1;
}

export function onCallResponse(entry: i32, endOfStream: bool): void {
  const slot = replicaOf[entry];
  const service = serviceOf[slot];
  const now = monotonicMs();
  const status = readStatus();
  const suspicious = mayBeLocalReply(status, endOfStream);
  const flags = suspicious ? readFlags() : 0;
  let missed = neverSent(flags, routing[service] == ROUTING_SUBSET);
  let server = slot;
  if (suspicious && takeUnreached(status)) missed = true;
  if (readHeader(RESPONSE_HEADERS, SESSION_HEADER)) {
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
  countOutcome(slot, failed[entry], now);
  if (status == SWITCHING_PROTOCOLS) {
    upgraded[entry] = true;
    countLatency(slot, now - startedAt[entry]);
  }
  if (missed) {
    unreached[slot] += 1;
    if (isListed(slot)) eject(slot, isProbe[entry], now);
  } else if (isProbe[entry] && flags == 0) {
    readmit(slot);
  }
}

export function onCallTrailers(entry: i32): void {
  if (failed[entry] || !failedInGrpc(RESPONSE_TRAILERS)) return;
  failed[entry] = true;
  countOutcome(replicaOf[entry], true, monotonicMs());
}

export function onCallEnd(entry: i32): void {
  const slot = replicaOf[entry];
  const now = monotonicMs();
  accrue(slot, now);
  inFlight[slot] -= 1;
  requests[slot] += 1;
  if (!answered[entry] && sentSince[slot] > 0) sentSince[slot] -= 1;
  if (failed[entry] || !answered[entry]) failures[slot] += 1;
  else if (!upgraded[entry]) countLatency(slot, now - startedAt[entry]);
}
