/** What a response's status, its gRPC status and Envoy's flags say of the way it went. */
import { findHeader, readHeader, readIntegerProperty, RESPONSE_HEADERS, valueAt, valueLength } from './abi';
import { readDecimal } from './bytes';
import { GRPC_STATUS_HEADER, RESPONSE_FLAGS_PROPERTY, STATUS_HEADER } from './names';

const NO_HEALTHY_UPSTREAM: i64 = 0x2;
const CONNECT_FAILURE: i64 = 0x20;
const OVERFLOW: i64 = 0x80;
const NO_ROUTE: i64 = 0x100;
const NO_CLUSTER: i64 = 0x1000000;
/**
 * The gRPC statuses that Envoy, too, takes for a 5xx: unknown, deadline exceeded, unimplemented, internal,
 * unavailable, data loss.
 */
const GRPC_FAILURES: u32 = (1 << 2) | (1 << 4) | (1 << 12) | (1 << 13) | (1 << 14) | (1 << 15);
/** The connection now belongs to another protocol, a websocket for one: the answer was given, the stream goes on. */
export const SWITCHING_PROTOCOLS: i32 = 101;

/** Status of the response; 0 when there is none that is one. */
export function readStatus(): i32 {
  if (!findHeader(RESPONSE_HEADERS, STATUS_HEADER) || valueLength != 3) return 0;
  return (
    (<i32>load<u8>(valueAt) - 0x30) * 100 + (<i32>load<u8>(valueAt, 1) - 0x30) * 10 + <i32>load<u8>(valueAt, 2) - 0x30
  );
}

/**
 * Whether flags may have been raised: a 5xx, or a gRPC status without a body (a local reply to a gRPC request has
 * status 200). All other responses need no look at them.
 */
export function mayBeLocalReply(status: i32, endOfStream: bool): bool {
  return status >= 500 || (status == 200 && endOfStream);
}

/** Whether the gRPC status in `map`, headers or trailers, is there and says that the server failed. */
export function failedInGrpc(map: i32): bool {
  if (!readHeader(map, GRPC_STATUS_HEADER)) return false;
  const code = readDecimal(valueAt, valueAt + valueLength);
  return code >= 0 && code < 32 && ((GRPC_FAILURES >> (<u32>code)) & 1) == 1;
}

/** Whether a response of this status failed. A gRPC failure without a body has its status among the headers. */
export function isFailure(status: i32, endOfStream: bool): bool {
  return status >= 500 || (status == 200 && endOfStream && failedInGrpc(RESPONSE_HEADERS));
}

/**
 * The caller's own Envoy had no connection to the replica: the request never left it. `alone`: the cluster is the
 * replica's own subset, so that a cluster without a healthy host says it of the replica.
 */
export function neverSent(flags: i64, alone: bool): bool {
  return (flags & (CONNECT_FAILURE | NO_CLUSTER)) != 0 || (alone && (flags & NO_HEALTHY_UPSTREAM) != 0);
}

/** The replica's sidecar had no connection to its application, which therefore saw nothing of the request. */
export function neverDelivered(flags: i64): bool {
  return (flags & (CONNECT_FAILURE | NO_HEALTHY_UPSTREAM | OVERFLOW | NO_ROUTE | NO_CLUSTER)) != 0;
}

export function readFlags(): i64 {
  return readIntegerProperty(RESPONSE_FLAGS_PROPERTY);
}
