/**
 * The link to the node's agent, `POST /v1/sync`. The VM with the lease tells which services the proxy wants; the agent
 * holds the message until one of them changes. Every VM adds what it has counted.
 */
import { at, CALL_RESPONSE_HEADERS, readHeader, valueAt, valueLength, warn } from '../abi/host';
import { AUTHORITY, beginCall, CONTENT_TYPE, PATH, POST, putHeader, sendCall } from '../abi/http-call';
import { STATUS_HEADER } from '../abi/names';
import { agentClusterAt, agentClusterBytes } from '../abi/roots';
import { requestRate } from '../inbound/process-load';
import { servedInFlight, servedRequests } from '../inbound/served';
import { callsEnded } from '../outbound/answer';
import { fallbacks, picks } from '../outbound/request';
import { ejectionChanges, syncEligible } from '../pick/ejection';
import { forgetProbes, onProbeAnswer } from '../pick/probe';
import { hasUnasked } from './interest';
import { holdsLease } from './lease';
import { encodeMessage, message } from './message';
import { CHANGED, publishAnswer, REFUSED, syncTable, validForLast } from './shared-table';

/** How long the agent may hold a message: while the proxy has something to report, and while it has not. */
const BUSY_HOLD_MS: f64 = 2000;
const IDLE_HOLD_MS: f64 = 5000;
/** Beyond the hold: what an answer may take. */
const ANSWER_MS: f64 = 5000;
/** The agent did not hold a message that it answered sooner than this without news: back off. */
const MIN_HOLD_MS: f64 = 50;
/** A new service is asked for at once, but not more often than this. */
const MIN_PERIOD_MS: f64 = 200;
const STATISTICS_PERIOD_MS: f64 = 2000;
/** The answer to a held message may come a little before statistics are due. They still go with the next message. */
const STATISTICS_SLACK_MS: f64 = 100;
/** A held message is replaced when statistics are overdue by this much. */
const OVERDUE_MS: f64 = 200;
/** Statistics without news: the VM is alive, and a lost message does no harm for longer than this. */
const ALIVE_PERIOD_MS: f64 = 30000;
const FIRST_BACK_OFF_MS: f64 = 100;
const MAX_BACK_OFF_MS: f64 = 2000;
/** Requests/s below which a proxy is idle. */
const MIN_RATE: f64 = 0.05;

const AGENT = String.UTF8.encode('ballast-agent');
const SYNC_PATH = String.UTF8.encode('/v1/sync');
const BINARY = String.UTF8.encode('application/octet-stream');
const UNSOUND = String.UTF8.encode(
  "ballast: the agent's answer is not a table, or it is larger than 2 MB; the table before stays in force",
);

let token: i32 = -1;
let sentAt: f64 = -Infinity;
let holdMs: f64 = 0;
let nextSyncAt: f64 = 0;
let backOffMs: f64 = FIRST_BACK_OFF_MS;
let statisticsAt: f64 = -Infinity;
let reportedEvents: u64 = 0;

/** Rises with all that statistics are about. */
function events(): u64 {
  return picks + callsEnded + fallbacks() + servedRequests + ejectionChanges;
}

function hasNews(now: f64): bool {
  return events() != reportedEvents || servedInFlight > 0 || now - statisticsAt >= ALIVE_PERIOD_MS;
}

function send(length: i32, timeoutMs: f64): i32 {
  beginCall(4, POST);
  putHeader(PATH, at(SYNC_PATH), SYNC_PATH.byteLength);
  putHeader(AUTHORITY, at(AGENT), AGENT.byteLength);
  putHeader(CONTENT_TYPE, at(BINARY), BINARY.byteLength);
  return sendCall(agentClusterAt(), agentClusterBytes(), message, length, <u32>timeoutMs);
}

function encode(hold: f64, withStatistics: bool, now: f64): i32 {
  if (withStatistics) {
    statisticsAt = now;
    reportedEvents = events();
  }
  return encodeMessage(<u32>hold, withStatistics, now);
}

/** Posts the statistics of a VM without the lease when they are due. */
export function postStatistics(now: f64): void {
  if (now - statisticsAt < STATISTICS_PERIOD_MS || !hasNews(now)) return;
  send(encode(0, true, now), BUSY_HOLD_MS);
}

function postpone(now: f64): void {
  nextSyncAt = now + backOffMs;
  backOffMs = min(backOffMs * 2, MAX_BACK_OFF_MS);
  // The statistics may be lost.
  reportedEvents = u64.MAX_VALUE;
}

/** Sends a message to be held. One that is still held is answered, and the answer is ignored. */
function sync(now: f64): void {
  const withStatistics = now - statisticsAt >= STATISTICS_PERIOD_MS - STATISTICS_SLACK_MS && hasNews(now);
  const isBusy = events() != reportedEvents || servedInFlight > 0 || requestRate > MIN_RATE;
  // What the proxy holds must not expire while the agent holds the message.
  holdMs = isBusy ? BUSY_HOLD_MS : min(IDLE_HOLD_MS, max(validForLast * 0.5, BUSY_HOLD_MS));
  sentAt = now;
  token = send(encode(holdMs, withStatistics, now), holdMs + ANSWER_MS);
  if (token < 0) postpone(now);
}

/** Sends a message when none is held, or the held one does not say what is new. */
export function syncWhenDue(now: f64): void {
  if (now < nextSyncAt) return;
  // Envoy never answers the calls of a deleted root context.
  const isHeld = token >= 0 && now - sentAt < holdMs + ANSWER_MS + 1000;
  const isOverdue = now - statisticsAt >= STATISTICS_PERIOD_MS + OVERDUE_MS && hasNews(now);
  const isUrgent = now - sentAt >= MIN_PERIOD_MS && (isOverdue || hasUnasked(now));
  if (!isHeld || isUrgent) sync(now);
}

/** Takes the answer to any call of the plugin. */
export function onAnswer(vm: u64, answered: i32, bodyLength: i32, now: f64): void {
  if (onProbeAnswer(answered, now)) return;
  if (answered != token) return;
  token = -1;
  // Another VM took over and asks for itself.
  if (!holdsLease(vm, now)) return;
  const succeeded = readHeader(CALL_RESPONSE_HEADERS, STATUS_HEADER) && valueLength == 3 && load<u8>(valueAt) == 0x32;
  const outcome = succeeded ? publishAnswer(bodyLength, now) : REFUSED;
  if (succeeded && outcome == REFUSED) warn(UNSOUND);
  if (outcome == REFUSED || (outcome != CHANGED && now - sentAt < MIN_HOLD_MS)) {
    postpone(now);
    return;
  }
  syncTable(now);
  syncEligible();
  backOffMs = FIRST_BACK_OFF_MS;
  nextSyncAt = now;
  sync(now);
}

/** Forgets the calls of a root context that Envoy deleted. */
export function forgetCalls(): void {
  token = -1;
  forgetProbes();
}
