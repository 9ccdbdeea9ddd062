/** The way to the node's agent: fetches the table by long poll, posts the statistics. */
import {
  at,
  call,
  CALL_RESPONSE_BODY,
  CALL_RESPONSE_HEADERS,
  readBuffer,
  readHeader,
  valueAt,
  valueLength,
  warn,
} from './abi';
import { writeDecimal } from './bytes';
import { agentClusterAt, agentClusterBytes } from './roots';
import { syncEjections } from './ejection';
import { holdsLease } from './lease';
import { STATUS_HEADER } from './names';
import { publishTable, syncTable } from './shared-table';
import { encodeStatistics, statistics } from './statistics';
import { checkTable, tableExpiresAt, tableValidForMs, tableVersion } from './table';

/** The agent holds a poll for up to 20 s. */
const POLL_TIMEOUT_MS: u32 = 25000;
const SHORT_TIMEOUT_MS: u32 = 2000;
const POST_PERIOD_MS: f64 = 1000;
const FIRST_BACK_OFF_MS: f64 = 100;
const LONGEST_BACK_OFF_MS: f64 = 2000;
/** An answer that is no news and comes sooner than this is no long poll's: do not ask again at once. */
const BUSY_MS: f64 = 50;

const METHOD = String.UTF8.encode(':method');
const PATH = String.UTF8.encode(':path');
const AUTHORITY = String.UTF8.encode(':authority');
const CONTENT_TYPE = String.UTF8.encode('content-type');
const GET = String.UTF8.encode('GET');
const POST = String.UTF8.encode('POST');
const AGENT = String.UTF8.encode('ballast-agent');
const TABLE_PATH = String.UTF8.encode('/v1/table?version=');
const STATISTICS_PATH = String.UTF8.encode('/v1/statistics');
const BINARY = String.UTF8.encode('application/octet-stream');
const UNSOUND = String.UTF8.encode('ballast: the agent sent something that is no table; the last one stays in use');

const path: usize = memory.data(64);
const headers: usize = memory.data(512, 4);
let headersEnd: usize = 0;
let headersLeft: i32 = 0;

let pollToken: i32 = -1;
let polledAt: f64 = 0;
let nextPollAt: f64 = 0;
let backOffMs: f64 = FIRST_BACK_OFF_MS;
let renewToken: i32 = -1;
let nextRenewAt: f64 = 0;
let nextPostAt: f64 = 0;

// The host takes headers as: u32 count | count x (u32 name length, u32 value length) | name 0 value 0 ...
function beginHeaders(count: i32): void {
  store<u32>(headers, count);
  headersLeft = count;
  headersEnd = headers + 4 + 8 * count;
}

function putHeader(name: ArrayBuffer, value: usize, length: i32): void {
  const sizes = headers + 4 + 8 * (load<u32>(headers) - headersLeft);
  headersLeft--;
  store<u32>(sizes, name.byteLength);
  store<u32>(sizes, length, 4);
  memory.copy(headersEnd, at(name), name.byteLength);
  headersEnd += name.byteLength;
  store<u8>(headersEnd++, 0);
  memory.copy(headersEnd, value, length);
  headersEnd += length;
  store<u8>(headersEnd++, 0);
}

function fetchTable(held: u64, timeoutMs: u32): i32 {
  memory.copy(path, at(TABLE_PATH), TABLE_PATH.byteLength);
  const length = TABLE_PATH.byteLength + writeDecimal(held, path + TABLE_PATH.byteLength);
  beginHeaders(3);
  putHeader(METHOD, at(GET), GET.byteLength);
  putHeader(PATH, path, length);
  putHeader(AUTHORITY, at(AGENT), AGENT.byteLength);
  return call(agentClusterAt(), agentClusterBytes(), headers, <i32>(headersEnd - headers), 0, 0, timeoutMs);
}

function postStatistics(now: f64): void {
  const length = encodeStatistics(now);
  if (length == 0) return;
  beginHeaders(4);
  putHeader(METHOD, at(POST), POST.byteLength);
  putHeader(PATH, at(STATISTICS_PATH), STATISTICS_PATH.byteLength);
  putHeader(AUTHORITY, at(AGENT), AGENT.byteLength);
  putHeader(CONTENT_TYPE, at(BINARY), BINARY.byteLength);
  call(
    agentClusterAt(),
    agentClusterBytes(),
    headers,
    <i32>(headersEnd - headers),
    statistics,
    length,
    SHORT_TIMEOUT_MS,
  );
}

function postpone(now: f64): void {
  nextPollAt = now + backOffMs;
  backOffMs = min(backOffMs * 2, LONGEST_BACK_OFF_MS);
}

function poll(now: f64): void {
  // A root context that is deleted takes its calls with it: no answer will come.
  if (pollToken >= 0 && now - polledAt < <f64>POLL_TIMEOUT_MS + 1000) return;
  if (now < nextPollAt) return;
  polledAt = now;
  pollToken = fetchTable(now < tableExpiresAt ? tableVersion : 0, POLL_TIMEOUT_MS);
  if (pollToken < 0) postpone(now);
}

/** An unchanged table runs out while the poll is held: half-way there, ask for it again. */
function renew(now: f64): void {
  if (tableVersion == 0 || now < nextRenewAt || tableExpiresAt - now > tableValidForMs / 2) return;
  nextRenewAt = now + max(tableValidForMs / 4, 200);
  renewToken = fetchTable(0, SHORT_TIMEOUT_MS);
}

/** What is due at a tick of VM `me`. */
export function work(me: u64, now: f64): void {
  syncEjections(syncTable(now));
  if (now >= nextPostAt) {
    nextPostAt = now + POST_PERIOD_MS;
    postStatistics(now);
  }
  if (!holdsLease(me, now)) return;
  poll(now);
  renew(now);
}

/** Takes a table out of the answer, publishes it and puts it in force here; false when there is none. */
function takeTable(bodyLength: i32, now: f64): bool {
  if (!readBuffer(CALL_RESPONSE_BODY, bodyLength) || !checkTable(valueAt, valueLength)) {
    warn(UNSOUND);
    return false;
  }
  if (!publishTable(valueAt, valueLength, now)) return false;
  syncEjections(syncTable(now));
  return true;
}

export function onAnswer(me: u64, token: i32, bodyLength: i32, now: f64): void {
  const isPoll = token == pollToken;
  if (!isPoll && token != renewToken) return;
  const status = readHeader(CALL_RESPONSE_HEADERS, STATUS_HEADER) && valueLength == 3 ? load<u8>(valueAt) : 0;
  const unchanged = status == 0x33;
  const before = tableVersion;
  const taken = status == 0x32 && takeTable(bodyLength, now);
  if (!isPoll) return;
  pollToken = -1;
  if (!taken && !unchanged) {
    postpone(now);
    return;
  }
  const idle = unchanged || tableVersion == before;
  if (idle && now - polledAt < BUSY_MS) {
    postpone(now);
    return;
  }
  backOffMs = FIRST_BACK_OFF_MS;
  nextPollAt = now;
  if (holdsLease(me, now)) poll(now);
}

/** Forgets the calls of a root context that is gone. */
export function forgetCalls(): void {
  pollToken = -1;
  renewToken = -1;
}
