/** Judges a response by its status, its gRPC status and Envoy's response flags. */
import { findHeader, readHeader, readIntegerProperty, RESPONSE_HEADERS, valueAt, valueLength } from './host';
import { readDecimal } from './bytes';
import { GRPC_STATUS_HEADER, RESPONSE_FLAGS_PROPERTY, STATUS_HEADER } from './names';

const NO_HEALTHY_UPSTREAM: i64 = 0x2;
const CONNECT_FAILURE: i64 = 0x20;
const OVERFLOW: i64 = 0x80;
const NO_ROUTE: i64 = 0x100;
const NO_CLUSTER: i64 = 0x1000000;
/** The client closed its connection, or reset its HTTP/2 stream. */
const DOWNSTREAM_DISCONNECT: i64 = 0x4000;
const DOWNSTREAM_RESET: i64 = 0x10000000;
/**
 * gRPC statuses that count as failures, the same that Envoy counts as 5xx: unknown, deadline exceeded, unimplemented,
 * internal, unavailable, data loss.
 */
const GRPC_FAILURES: u32 = (1 << 2) | (1 << 4) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 15);
/** The connection changes to another protocol, for example a websocket. The stream goes on after the answer. */
export const SWITCHING_PROTOCOLS: i32 = 101;

/** Status of the response; 0 when it is absent or malformed. */
export function readStatus(): i32 {
  if (!findHeader(RESPONSE_HEADERS, STATUS_HEADER) || valueLength != 3) return 0;
  return (
    (<i32>load<u8>(valueAt) - 0x30) * 100 + (<i32>load<u8>(valueAt, 1) - 0x30) * 10 + <i32>load<u8>(valueAt, 2) - 0x30
  );
}

/**
 * Whether a proxy may have made up the response: a 5xx, or a gRPC status without a body (a local reply to a gRPC
 * request has status 200). Only then are the response flags worth a call to the host.
 */
export function mayBeLocalReply(status: i32, endOfStream: bool): bool {
  return status >= 500 || (status == 200 && endOfStream);
}

/** Whether `map`, headers or trailers, has a gRPC status that counts as a failure. */
export function failedInGrpc(map: i32): bool {
  if (!readHeader(map, GRPC_STATUS_HEADER)) return false;
  const code = readDecimal(valueAt, valueAt + valueLength);
  return code >= 0 && code < 32 && ((GRPC_FAILURES >> (<u32>code)) & 1) == 1;
}

/** Whether the response counts as a failure. A gRPC failure without a body has its status among the headers. */
export function isFailure(status: i32, endOfStream: bool): bool {
  return status >= 500 || (status == 200 && endOfStream && failedInGrpc(RESPONSE_HEADERS));
}

/**
 * Whether the caller's Envoy had no connection to the replica, so that the request never left it. `ownCluster`: the
 * cluster contains this replica alone, so "no healthy upstream" is about the replica.
 */
export function neverSent(flags: i64, ownCluster: bool): bool {
  return (flags & (CONNECT_FAILURE | NO_CLUSTER)) != 0 || (ownCluster && (flags & NO_HEALTHY_UPSTREAM) != 0);
}

/** Whether the replica's sidecar had no connection to its application, which therefore never saw the request. */
export function neverDelivered(flags: i64): bool {
  return (flags & (CONNECT_FAILURE | NO_HEALTHY_UPSTREAM | OVERFLOW | NO_ROUTE | NO_CLUSTER)) != 0;
}

/** Whether the client gave the request up before its answer began. That says nothing bad about the replica. */
export function isAbandoned(flags: i64): bool {
  return (flags & (DOWNSTREAM_DISCONNECT | DOWNSTREAM_RESET)) != 0;
}

export function readFlags(): i64 {
  return readIntegerProperty(RESPONSE_FLAGS_PROPERTY);
}
