/** Merges the agent's answer into the proxy's table. Both have their blocks in order, so blocks are only copied. */
import { MAX_KEY_BYTES, MAX_TABLE_BYTES } from '../abi/limits';
import { interestMs } from '../abi/roots';
import {
  blockBytes,
  blockCount,
  blockKeyAt,
  blockKeyBytes,
  clearRemembered,
  compareBlocks,
  epochOf,
  HEADER,
  isComplete,
  isRemembered,
  writeHeader,
} from './block';
import { addService, announcedAt, findService, isAsked, isWanted, lastCalled } from './services';

/** A proxy that restarted must call a remembered service within this time, or its interest ends. */
const REMEMBERED_MS: f64 = 600_000;

/** The merged table. */
export const merged: usize = heap.alloc(MAX_TABLE_BYTES);
export let mergedBytes: i32 = 0;
let mergedBlocks: i32 = 0;

function isBlockWanted(block: usize, now: f64): bool {
  if (blockKeyBytes(block) > MAX_KEY_BYTES) return false;
  const service = findService(blockKeyAt(block), blockKeyBytes(block));
  return service >= 0 && isWanted(service, now);
}

/** Wants the services of remembered blocks, for a while. */
function takeRemembered(answer: usize, now: f64): void {
  let block = answer + HEADER;
  for (let i = blockCount(answer); i > 0; i--, block += blockBytes(block)) {
    if (!isRemembered(block)) continue;
    clearRemembered(block);
    const length = blockKeyBytes(block);
    if (length > MAX_KEY_BYTES || findService(blockKeyAt(block), length) >= 0) continue;
    const service = addService(blockKeyAt(block), length);
    if (service < 0) continue;
    lastCalled[service] = now - interestMs() + min(REMEMBERED_MS, interestMs() * 0.5);
    announcedAt[service] = -Infinity;
    isAsked[service] = true;
  }
}

/** Copies a block that the proxy wants; false when the table gets too large. */
function put(block: usize, now: f64): bool {
  if (!isBlockWanted(block, now)) return true;
  const bytes = blockBytes(block);
  if (mergedBytes + bytes > MAX_TABLE_BYTES) return false;
  memory.copy(merged + mergedBytes, block, bytes);
  mergedBytes += bytes;
  mergedBlocks++;
  return true;
}

/**
 * Writes the table that the proxy holds after `answer` into `merged`. `held`: the sound table held before, 0: none.
 * Blocks of services that the proxy no longer wants are left out. False when the table gets too large.
 */
export function mergeTables(held: usize, answer: usize, now: f64): bool {
  takeRemembered(answer, now);
  let old = held + HEADER;
  let oldLeft = held == 0 || isComplete(answer) || epochOf(held) != epochOf(answer) ? 0 : blockCount(held);
  let block = answer + HEADER;
  let left = blockCount(answer);
  mergedBytes = HEADER;
  mergedBlocks = 0;
  while (left > 0 || oldLeft > 0) {
    const order = oldLeft == 0 ? 1 : left == 0 ? -1 : compareBlocks(old, block);
    if (!put(order < 0 ? old : block, now)) return false;
    if (order <= 0) {
      old += blockBytes(old);
      oldLeft--;
    }
    if (order >= 0) {
      block += blockBytes(block);
      left--;
    }
  }
  writeHeader(merged, epochOf(answer), mergedBlocks, mergedBytes);
  return true;
}
