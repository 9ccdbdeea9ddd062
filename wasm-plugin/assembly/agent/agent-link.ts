/** Calls to the node's agent: fetches the table by long poll and posts the statistics. */
import { writeDecimal } from '../abi/bytes';
import { at, CALL_RESPONSE_HEADERS, readHeader, valueAt, valueLength, warn } from '../abi/host';
import { AUTHORITY, beginCall, CONTENT_TYPE, GET, PATH, POST, putHeader, sendCall } from '../abi/http-call';
import { STATUS_HEADER } from '../abi/names';
import { agentClusterAt, agentClusterBytes } from '../abi/roots';
import { syncEjections } from '../pick/ejection';
import { forgetProbes, onProbeAnswer } from '../pick/probe';
import { tableExpiresAt, tableVersion } from '../table/table';
import { holdsLease } from './lease';
import { publishTable, syncTable } from './shared-table';
import { encodeStatistics, statistics } from './statistics';

/** The agent holds a poll for up to 20 s. */
const POLL_TIMEOUT_MS: u32 = 25000;
const POST_TIMEOUT_MS: u32 = 2000;
const POST_PERIOD_MS: f64 = 2000;
const FIRST_BACK_OFF_MS: f64 = 100;
const MAX_BACK_OFF_MS: f64 = 2000;
/** The agent did not hold a poll that it answered sooner than this without a new table: back off. */
const MIN_HOLD_MS: f64 = 50;

const AGENT = String.UTF8.encode('ballast-agent');
const TABLE_PATH = String.UTF8.encode('/v1/table?version=');
const STATISTICS_PATH = String.UTF8.encode('/v1/statistics');
const BINARY = String.UTF8.encode('application/octet-stream');
const UNSOUND = String.UTF8.encode(
  "ballast: the agent's answer is not a table, or it is larger than 2 MB; the table before stays in force",
);

const path: usize = memory.data(64);

let pollToken: i32 = -1;
let polledAt: f64 = 0;
let nextPollAt: f64 = 0;
let backOffMs: f64 = FIRST_BACK_OFF_MS;
let nextPostAt: f64 = 0;

function fetchTable(held: u64): i32 {
  memory.copy(path, at(TABLE_PATH), TABLE_PATH.byteLength);
  const length = TABLE_PATH.byteLength + writeDecimal(held, path + TABLE_PATH.byteLength);
  beginCall(3, GET);
  putHeader(PATH, path, length);
  putHeader(AUTHORITY, at(AGENT), AGENT.byteLength);
  return sendCall(agentClusterAt(), agentClusterBytes(), 0, 0, POLL_TIMEOUT_MS);
}

/** Posts this VM's statistics when they are due. */
export function postStatistics(now: f64): void {
  if (now < nextPostAt) return;
  nextPostAt = now + POST_PERIOD_MS;
  const length = encodeStatistics(now);
  if (length == 0) return;
  beginCall(4, POST);
  putHeader(PATH, at(STATISTICS_PATH), STATISTICS_PATH.byteLength);
  putHeader(AUTHORITY, at(AGENT), AGENT.byteLength);
  putHeader(CONTENT_TYPE, at(BINARY), BINARY.byteLength);
  sendCall(agentClusterAt(), agentClusterBytes(), statistics, length, POST_TIMEOUT_MS);
}

function postpone(now: f64): void {
  nextPollAt = now + backOffMs;
  backOffMs = min(backOffMs * 2, MAX_BACK_OFF_MS);
}

/** Polls the agent unless a poll is under way or the plugin backs off. */
export function poll(now: f64): void {
  // Envoy never answers the calls of a deleted root context.
  if (pollToken >= 0 && now - polledAt < <f64>POLL_TIMEOUT_MS + 1000) return;
  if (now < nextPollAt) return;
  polledAt = now;
  pollToken = fetchTable(now < tableExpiresAt ? tableVersion : 0);
  if (pollToken < 0) postpone(now);
}

/** Publishes the table in the answer and puts it in force here; false when it is unsound. */
function takeTable(bodyLength: i32, now: f64): bool {
  if (!publishTable(bodyLength, now)) {
    warn(UNSOUND);
    return false;
  }
  syncEjections(syncTable(now));
  return true;
}

/** Takes the answer to any call of the plugin. */
export function onAnswer(me: u64, token: i32, bodyLength: i32, now: f64): void {
  if (onProbeAnswer(token, now)) return;
  if (token != pollToken) return;
  pollToken = -1;
  const status = readHeader(CALL_RESPONSE_HEADERS, STATUS_HEADER) && valueLength == 3 ? load<u8>(valueAt) : 0;
  const unchanged = status == 0x33;
  const before = tableVersion;
  const taken = status == 0x32 && takeTable(bodyLength, now);
  if (!taken && !unchanged) {
    postpone(now);
    return;
  }
  const idle = unchanged || tableVersion == before;
  if (idle && now - polledAt < MIN_HOLD_MS) {
    postpone(now);
    return;
  }
  backOffMs = FIRST_BACK_OFF_MS;
  nextPollAt = now;
  if (holdsLease(me, now)) poll(now);
}

/** Forgets the calls of a root context that Envoy deleted. */
export function forgetCalls(): void {
  pollToken = -1;
  forgetProbes();
}
