/** The replica's side: counts requests, reports the load to callers, marks answers of requests it could not deliver. */
import {
  at,
  hasHeader,
  monotonicMs,
  removeHeader,
  REQUEST_HEADERS,
  RESPONSE_HEADERS,
  RESPONSE_TRAILERS,
  setHeader,
  dropHeader,
} from '../abi/host';
import { writeDecimal } from '../abi/bytes';
import {
  ENDPOINT_HEADER,
  GRPC_STATUS_HEADER,
  LOAD_HEADER,
  ORCA_HEADER,
  SESSION_HEADER,
  UNREACHED_HEADER,
} from '../abi/names';
import {
  failedInGrpc,
  isAbandoned,
  isFailure,
  mayBeLocalReply,
  neverDelivered,
  readFlags,
  readStatus,
  SWITCHING_PROTOCOLS,
} from '../abi/response';
import {
  answerServed,
  beginServed,
  countServedLatency,
  countUnreached,
  endServed,
  servedInFlight,
  smoothedLatencyMs,
} from './served';
import { orcaReport, orcaReportBytes } from './orca';
import { cpuUtilisation } from '../table/news';
import { ownAddress, ownAddressBytes } from './own-address';
import { othersInFlight } from './process-load';
import { usesOrca } from '../abi/roots';
import { answered, answeredAt, failed, openStream, SERVED, side, startedAt, upgraded, wantsLoad } from '../abi/streams';

const load: usize = memory.data(160);
const SEMICOLON: u8 = 0x3b;
const YES = String.UTF8.encode('1');
/** gRPC's UNAVAILABLE. */
const UNAVAILABLE = String.UTF8.encode('14');

export function onServeRequest(context: u32): void {
  const fromMesh = hasHeader(REQUEST_HEADERS, ENDPOINT_HEADER);
  if (fromMesh) removeHeader(REQUEST_HEADERS, ENDPOINT_HEADER);
  dropHeader(REQUEST_HEADERS, SESSION_HEADER);
  const entry = openStream(context);
  if (entry < 0) return;
  const now = monotonicMs();
  side[entry] = SERVED;
  startedAt[entry] = now;
  wantsLoad[entry] = fromMesh;
  beginServed(now);
}

/**
 * Tells the caller's plugin and its Envoy. Istio's default retry policy has `unavailable`, so Envoy retries on another
 * replica; requests need no extra header or policy for it. Callers that left the choice to Istio can retry as well.
 */
function stampUnreached(): void {
  setHeader(RESPONSE_HEADERS, UNREACHED_HEADER, at(YES), YES.byteLength);
  setHeader(RESPONSE_HEADERS, GRPC_STATUS_HEADER, at(UNAVAILABLE), UNAVAILABLE.byteLength);
}

/** `plain`: the application's own answer, neither a failure nor a change of protocol. */
function stampLoad(plain: bool): void {
  // Without the request being answered: the next one meets the others.
  let p = load;
  p += writeDecimal(<u64>max(servedInFlight - 1 + othersInFlight, 0), p);
  store<u8>(p++, SEMICOLON);
  p += writeDecimal(<u64>max(smoothedLatencyMs * 1000, 0), p);
  store<u8>(p++, SEMICOLON);
  if (cpuUtilisation > 0) p += writeDecimal(<u64>(cpuUtilisation * 1000), p);
  store<u8>(p++, SEMICOLON);
  if (plain) {
    memory.copy(p, ownAddress, ownAddressBytes);
    p += ownAddressBytes;
  }
  setHeader(RESPONSE_HEADERS, LOAD_HEADER, load, <i32>(p - load));
}

export function onServeResponse(entry: i32, endOfStream: bool): void {
  const status = readStatus();
  const undelivered = mayBeLocalReply(status, endOfStream) && neverDelivered(readFlags());
  if (!answered[entry]) {
    answered[entry] = true;
    answeredAt[entry] = monotonicMs();
    answerServed(answeredAt[entry]);
  }
  failed[entry] = undelivered || isFailure(status, endOfStream);
  if (status == SWITCHING_PROTOCOLS) {
    upgraded[entry] = true;
    countServedLatency(answeredAt[entry] - startedAt[entry]);
  }
  if (undelivered) countUnreached();
  // An application must not send the header itself: callers would repeat a request that it has handled.
  if (undelivered) stampUnreached();
  else dropHeader(RESPONSE_HEADERS, UNREACHED_HEADER);
  if (wantsLoad[entry] && !undelivered) stampLoad(!failed[entry] && !upgraded[entry]);
  else dropHeader(RESPONSE_HEADERS, LOAD_HEADER);
  dropHeader(RESPONSE_HEADERS, SESSION_HEADER);
  if (usesOrca && orcaReportBytes > 0) setHeader(RESPONSE_HEADERS, ORCA_HEADER, orcaReport, orcaReportBytes);
}

export function onServeTrailers(entry: i32): void {
  if (failedInGrpc(RESPONSE_TRAILERS)) failed[entry] = true;
}

export function onServeEnd(entry: i32): void {
  const now = monotonicMs();
  if (!answered[entry]) {
    endServed(!isAbandoned(readFlags()), -1, now);
    return;
  }
  endServed(failed[entry], answeredAt[entry], now);
  // Failures are often fast; they must not make the replica look quick.
  if (!failed[entry] && !upgraded[entry]) countServedLatency(answeredAt[entry] - startedAt[entry]);
}
