/**
 * The proxy's interest, as all VMs of the process share it: the services that their requests name. The VM with the
 * lease tells the agent.
 *
 *     row: u16 bytes of the row | u16 key length | u32 0 | f64 last called, monotonic ms | key, 0 up to a multiple of 8
 */
import { same } from '../abi/bytes';
import { readShared, sharedCas, valueAt, valueLength, writeShared } from '../abi/host';
import { MAX_KEY_BYTES, MAX_SERVICES } from '../abi/limits';
import { interestMs } from '../abi/roots';
import {
  addService,
  announcedAt,
  findService,
  isAsked,
  isService,
  isWanted,
  keyAt,
  keyBytes,
  lastCalled,
} from '../table/services';

const INTEREST_KEY = String.UTF8.encode('ballast.interest');
const ROW: i32 = 16;
const MAX_ROW: i32 = (ROW + MAX_KEY_BYTES + 7) & ~7;
/** Attempts at a compare-and-swap while other VMs write. */
const MAX_TRIES: i32 = 5;
/** A call is news when the shared time of the last one is older than this fraction of the time that interest lasts. */
const REFRESH_FRACTION: f64 = 1.0 / 6;

const rows: usize = heap.alloc(MAX_SERVICES * MAX_ROW);
let rowsBytes: i32 = 0;
let rowCount: i32 = 0;
/** Compare-and-swap number of the rows that the VM with the lease has taken over. */
let takenCas: u32 = 0;
/** Services that the proxy calls and the static memory has no room for. */
export let interestLeftOut: u32 = 0;

function isNews(service: i32): bool {
  return lastCalled[service] > announcedAt[service] + interestMs() * REFRESH_FRACTION;
}

function hasNews(now: f64): bool {
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (isService(service) && isNews(service) && isWanted(service, now)) return true;
  }
  return false;
}

/** Whether the shared value at `p` with `left` bytes begins with a row. */
function isRow(p: usize, left: i32): bool {
  if (left < ROW) return false;
  const bytes = <i32>load<u16>(p);
  const keyLength = <i32>load<u16>(p, 2);
  return bytes <= left && (bytes & 7) == 0 && keyLength > 0 && keyLength <= MAX_KEY_BYTES && ROW + keyLength <= bytes;
}

function putRow(key: usize, keyLength: i32, calledAt: f64): void {
  if (rowCount == MAX_SERVICES) {
    interestLeftOut++;
    return;
  }
  const p = rows + <usize>rowsBytes;
  const bytes = (ROW + keyLength + 7) & ~7;
  memory.fill(p, 0, bytes);
  store<u16>(p, <u16>bytes);
  store<u16>(p, <u16>keyLength, 2);
  store<f64>(p, calledAt, 8);
  memory.copy(p + ROW, key, keyLength);
  rowsBytes += bytes;
  rowCount++;
}

/** Copies the shared rows that have not lapsed. */
function readRows(now: f64): void {
  rowsBytes = 0;
  rowCount = 0;
  interestLeftOut = 0;
  let left = readShared(INTEREST_KEY) ? valueLength : 0;
  for (let p = valueAt; isRow(p, left);) {
    const calledAt = load<f64>(p, 8);
    if (calledAt > now - interestMs()) putRow(p + ROW, <i32>load<u16>(p, 2), calledAt);
    left -= <i32>load<u16>(p);
    p += <usize>load<u16>(p);
  }
}

function findRow(key: usize, keyLength: i32): usize {
  for (let p = rows; p < rows + <usize>rowsBytes; p += <usize>load<u16>(p)) {
    if (same(p + ROW, <i32>load<u16>(p, 2), key, keyLength)) return p;
  }
  return 0;
}

/** Shares the calls of this VM that are news. What another VM's write prevents is shared at the next tick. */
export function announceInterest(now: f64): void {
  if (!hasNews(now)) return;
  for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
    readRows(now);
    const cas = sharedCas;
    for (let service = 0; service < MAX_SERVICES; service++) {
      if (!isService(service) || !isNews(service) || !isWanted(service, now)) continue;
      const row = findRow(keyAt(service), keyBytes(service));
      if (row == 0) putRow(keyAt(service), keyBytes(service), lastCalled[service]);
      else store<f64>(row, max(load<f64>(row, 8), lastCalled[service]), 8);
    }
    if (!writeShared(INTEREST_KEY, rows, rowsBytes, cas)) continue;
    for (let service = 0; service < MAX_SERVICES; service++) {
      if (isService(service) && isNews(service)) announcedAt[service] = lastCalled[service];
    }
    return;
  }
}

/** Takes over what the VMs of the process share. Only the VM with the lease calls it. */
export function takeInterest(now: f64): void {
  if (!readShared(INTEREST_KEY) || sharedCas == takenCas) return;
  takenCas = sharedCas;
  readRows(now);
  for (let p = rows; p < rows + <usize>rowsBytes; p += <usize>load<u16>(p)) {
    const keyLength = <i32>load<u16>(p, 2);
    let service = findService(p + ROW, keyLength);
    if (service < 0) service = addService(p + ROW, keyLength);
    if (service < 0) {
      interestLeftOut++;
      continue;
    }
    lastCalled[service] = max(lastCalled[service], load<f64>(p, 8));
    announcedAt[service] = max(announcedAt[service], load<f64>(p, 8));
  }
}

/** Whether the proxy wants a service that the agent does not know of yet. */
export function hasUnasked(now: f64): bool {
  for (let service = 0; service < MAX_SERVICES; service++) {
    if (isService(service) && !isAsked[service] && isWanted(service, now)) return true;
  }
  return false;
}
