/**
 * Ejection: all workers of the process stop using a replica as soon as one cannot reach it. Shared data holds one row
 * per ejected replica. The time out grows with each failed probe (1 s, 2 s … 30 s). When it is over, one worker probes
 * the replica; only a successful probe readmits it.
 *
 *     row, 24 bytes: u64 identity of the replica | f64 next probe, monotonic ms | u32 failed probes | u32 0
 */
import { readShared, sharedCas, valueAt, valueLength, writeShared } from '../abi/host';
import { Replica, replicaAt, slotCount } from '../table/replicas';
import { MAX_EJECTED, MAX_SERVICES } from '../abi/limits';
import { firstMember, isBalanced, isStale, memberCount, members } from '../table/services';
import { nextProbeAt, rebuildEligible } from './eligible';

const EJECTED_KEY = String.UTF8.encode('ballast.ejected');
const ROW: i32 = 24;
const FIRST_TIME_OUT_MS: f64 = 1000;
const MAX_TIME_OUT_MS: f64 = 30000;
/** A row whose probe is overdue by this much belongs to a replica that no longer exists. */
const ABANDONED_MS: f64 = 120000;
/** Attempts at a compare-and-swap while other VMs write. */
const MAX_TRIES: i32 = 5;

const rows: usize = heap.alloc(MAX_EJECTED * ROW);
let rowCount: i32 = 0;
let rowsCas: u32 = 0;
/** Compare-and-swap number of the rows that the replicas' `ejected` is from. */
let appliedCas: u32 = 0;

/** Ejections and readmissions by this VM. A failed probe counts as neither. */
export let ejections: u64 = 0;
export let readmissions: u64 = 0;
/** Rises when any VM of the process ejects or readmits a replica. */
export let ejectionChanges: u64 = 0;

function timeOutMs(failedProbes: u32): f64 {
  return min(FIRST_TIME_OUT_MS * <f64>(1 << min(failedProbes, 10)), MAX_TIME_OUT_MS);
}

function rowAt(i: i32): usize {
  return rows + <usize>(i * ROW);
}

function readRows(): void {
  rowCount = readShared(EJECTED_KEY) ? min(valueLength / ROW, MAX_EJECTED) : 0;
  rowsCas = sharedCas;
  memory.copy(rows, valueAt, rowCount * ROW);
}

function writeRows(): bool {
  return writeShared(EJECTED_KEY, rows, rowCount * ROW, rowsCas);
}

function findRow(id: u64): i32 {
  for (let i = 0; i < rowCount; i++) if (load<u64>(rowAt(i)) == id) return i;
  return -1;
}

function removeRow(i: i32): void {
  rowCount--;
  memory.copy(rowAt(i), rowAt(rowCount), ROW);
}

function dropAbandoned(now: f64): void {
  for (let i = rowCount - 1; i >= 0; i--) if (now - load<f64>(rowAt(i), 8) > ABANDONED_MS) removeRow(i);
}

function setLocally(slot: i32, ejected: bool, retryAt: f64): void {
  const replica = replicaAt(slot);
  replica.ejected = ejected;
  replica.retryAt = retryAt;
  rebuildEligible(replica.service);
}

/**
 * Ejects a replica that a request did not reach. `probe`: that request was the probe, so the time out grows. Other
 * requests that were under way at the ejection change nothing.
 */
export function eject(slot: i32, probe: bool, now: f64): void {
  if (replicaAt(slot).ejected && !probe) return;
  let retryAt = now + FIRST_TIME_OUT_MS;
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    readRows();
    dropAbandoned(now);
    let i = findRow(replicaAt(slot).identity);
    if (i >= 0 && !probe) {
      retryAt = load<f64>(rowAt(i), 8);
      break;
    }
    let failed: u32 = 0;
    const isNew = i < 0;
    if (i >= 0) failed = load<u32>(rowAt(i), 16) + 1;
    else if (rowCount < MAX_EJECTED) i = rowCount++;
    else break;
    retryAt = now + timeOutMs(failed);
    store<u64>(rowAt(i), replicaAt(slot).identity);
    store<f64>(rowAt(i), retryAt, 8);
    store<u32>(rowAt(i), failed, 16);
    store<u32>(rowAt(i), 0, 20);
    if (!writeRows()) continue;
    if (isNew) ejections++;
    break;
  }
  setLocally(slot, true, retryAt);
}

/** Readmits a replica after a probe that reached it. */
export function readmit(slot: i32): void {
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    readRows();
    const i = findRow(replicaAt(slot).identity);
    if (i < 0) break;
    removeRow(i);
    if (!writeRows()) continue;
    readmissions++;
    break;
  }
  // Its failures are from before the ejection.
  replicaAt(slot).failureAverage = 0;
  setLocally(slot, false, 0);
}

/** Claims the probe of a replica. The first worker to move its retry time forward gets it. */
function claimProbe(slot: i32, now: f64): bool {
  readRows();
  const i = findRow(replicaAt(slot).identity);
  if (i < 0) {
    setLocally(slot, false, 0);
    return false;
  }
  const retryAt = load<f64>(rowAt(i), 8);
  if (retryAt > now) {
    setLocally(slot, true, retryAt);
    return false;
  }
  const next = now + timeOutMs(load<u32>(rowAt(i), 16));
  store<f64>(rowAt(i), next, 8);
  if (!writeRows()) return false;
  setLocally(slot, true, next);
  return true;
}

/** Whether any replica is ejected, as this VM last read. */
export function anyEjected(): bool {
  return rowCount > 0;
}

/** An ejected replica of the service whose probe is due and which this VM has claimed, or -1. */
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

function applyRows(replica: Replica): void {
  const i = rowCount == 0 ? -1 : findRow(replica.identity);
  // Another worker readmitted it; its failures are from before the ejection.
  if (replica.ejected && i < 0) replica.failureAverage = 0;
  replica.ejected = i >= 0;
  replica.retryAt = i >= 0 ? load<f64>(rowAt(i), 8) : 0;
}

/**
 * Takes over what other workers ejected and readmitted. Rebuilds what picks are drawn from where that or a new table
 * changed it. Cheap when nothing changed.
 */
export function syncEligible(): void {
  readRows();
  const changed = rowsCas != appliedCas;
  appliedCas = rowsCas;
  if (changed) {
    ejectionChanges++;
    for (let slot = 0; slot < slotCount(); slot++) if (replicaAt(slot).used) applyRows(replicaAt(slot));
  }
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (!isBalanced(service) || !(changed || isStale[service])) continue;
    const first = firstMember[service];
    for (let i = 0; i < memberCount[service]; i++) applyRows(replicaAt(members[first + i]));
    rebuildEligible(service);
  }
}
