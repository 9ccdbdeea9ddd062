/**
 * Replicas that cannot be reached are left out at once, by all workers of the process: a board in shared data holds
 * one row per ejected replica. Its time out grows with each failed probe (1 s, 2 s … 30 s); when it is over, one
 * worker sends one request as a probe, and only its success brings the replica back.
 *
 *     row, 24 bytes: u64 identity of the replica | f64 next probe, monotonic ms | u32 failed probes | u32 0
 */
import { readShared, sharedCas, valueAt, valueLength, writeShared } from './abi';
import { MAX_EJECTED, MAX_SERVICES } from './limits';
import { replicaAt, slotCount } from './replicas';
import { firstMember, isBalanced, memberCount, members, nextProbeAt, rebuildEligible } from './services';

const BOARD_KEY = String.UTF8.encode('ballast.ejected');
const ROW: i32 = 24;
const FIRST_TIME_OUT_MS: f64 = 1000;
const MAX_TIME_OUT_MS: f64 = 30000;
/** A row that nobody has probed for this long after its time belongs to a replica that is gone. */
const ABANDONED_MS: f64 = 120000;
/** Another VM may write between our read and our write: try again, but not for ever. */
const TRIES: i32 = 5;

const board: usize = heap.alloc(MAX_EJECTED * ROW);
let boardRows: i32 = 0;
let boardCas: u32 = 0;
let seenCas: u32 = 0;

/** Replicas that this VM left out, and brought back; failed probes in between do not count. */
export let ejections: u64 = 0;
export let readmissions: u64 = 0;

function timeOutMs(failedProbes: u32): f64 {
  return min(FIRST_TIME_OUT_MS * <f64>(1 << min(failedProbes, 10)), MAX_TIME_OUT_MS);
}

function row(i: i32): usize {
  return board + <usize>(i * ROW);
}

function readBoard(): void {
  boardRows = readShared(BOARD_KEY) ? min(valueLength / ROW, MAX_EJECTED) : 0;
  boardCas = sharedCas;
  memory.copy(board, valueAt, boardRows * ROW);
}

function writeBoard(): bool {
  return writeShared(BOARD_KEY, board, boardRows * ROW, boardCas);
}

function findRow(id: u64): i32 {
  for (let i = 0; i < boardRows; i++) if (load<u64>(row(i)) == id) return i;
  return -1;
}

function removeRow(i: i32): void {
  boardRows--;
  memory.copy(row(i), row(boardRows), ROW);
}

function dropAbandoned(now: f64): void {
  for (let i = boardRows - 1; i >= 0; i--) if (now - load<f64>(row(i), 8) > ABANDONED_MS) removeRow(i);
}

function setLocally(slot: i32, out: bool, until: f64): void {
  const replica = replicaAt(slot);
  replica.ejected = out;
  replica.retryAt = until;
  rebuildEligible(replica.service);
}

/**
 * Leaves a replica out because a request did not reach it. `probe`: that request was the probe, so the time out grows;
 * other requests that were under way when it was ejected change nothing.
 */
export function eject(slot: i32, probe: bool, now: f64): void {
  if (replicaAt(slot).ejected && !probe) return;
  let until = now + FIRST_TIME_OUT_MS;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    readBoard();
    dropAbandoned(now);
    let i = findRow(replicaAt(slot).identity);
    if (i >= 0 && !probe) {
      until = load<f64>(row(i), 8);
      break;
    }
    let failed: u32 = 0;
    const isNew = i < 0;
    if (i >= 0) failed = load<u32>(row(i), 16) + 1;
    else if (boardRows < MAX_EJECTED) i = boardRows++;
    else break;
    until = now + timeOutMs(failed);
    store<u64>(row(i), replicaAt(slot).identity);
    store<f64>(row(i), until, 8);
    store<u32>(row(i), failed, 16);
    store<u32>(row(i), 0, 20);
    if (!writeBoard()) continue;
    if (isNew) ejections++;
    break;
  }
  setLocally(slot, true, until);
}

/** Brings a replica back after a probe that reached it. */
export function readmit(slot: i32): void {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    readBoard();
    const i = findRow(replicaAt(slot).identity);
    if (i < 0) break;
    removeRow(i);
    if (!writeBoard()) continue;
    readmissions++;
    break;
  }
  // The failures were of the time before.
  replicaAt(slot).failureAverage = 0;
  setLocally(slot, false, 0);
}

/** Tries to become the one worker that probes the replica now: the first to move its time forward is. */
function claimProbe(slot: i32, now: f64): bool {
  readBoard();
  const i = findRow(replicaAt(slot).identity);
  if (i < 0) {
    setLocally(slot, false, 0);
    return false;
  }
  const until = load<f64>(row(i), 8);
  if (until > now) {
    setLocally(slot, true, until);
    return false;
  }
  const next = now + timeOutMs(load<u32>(row(i), 16));
  store<f64>(row(i), next, 8);
  if (!writeBoard()) return false;
  setLocally(slot, true, next);
  return true;
}

/** Whether any replica is ejected, as this VM last saw the board. */
export function anyEjected(): bool {
  return boardRows > 0;
}

/** An ejected replica of the service that is due for a probe and now ours to probe, or -1. */
export function dueProbe(service: i32, now: f64): i32 {
  if (now < nextProbeAt[service]) return -1;
  const first = firstMember[service];
  for (let i = 0; i < memberCount[service]; i++) {
    const slot = members[first + i];
    const replica = replicaAt(slot);
    if (!replica.ejected || replica.retryAt > now || !(replica.weight > 0)) continue;
    return claimProbe(slot, now) ? slot : -1;
  }
  rebuildEligible(service);
  return -1;
}

/** Takes over what other workers ejected and readmitted. Cheap while nothing changed. `force` after a new table. */
export function syncEjections(force: bool): void {
  readBoard();
  if (boardCas == seenCas && !force) return;
  seenCas = boardCas;
  for (let slot = 0; slot < slotCount(); slot++) {
    const replica = replicaAt(slot);
    if (!replica.used) continue;
    const i = boardRows == 0 ? -1 : findRow(replica.identity);
    // Readmitted by another worker: the failures were of the time before.
    if (replica.ejected && i < 0) replica.failureAverage = 0;
    replica.ejected = i >= 0;
    replica.retryAt = i >= 0 ? load<f64>(row(i), 8) : 0;
  }
  for (let service = 0; service < MAX_SERVICES; service++) if (isBalanced(service)) rebuildEligible(service);
}
