/** Blocks of services, as tables and the agent's answers have them; `contract/sync-answer.ts` describes the format. */
import { fnv1a } from '../abi/bytes';
import { ROUTING_ENDPOINT, ROUTING_NONE } from './services';

const MAGIC: u32 = 0x54534c42;
const FORMAT: u16 = 3;
export const HEADER: i32 = 32;
const BLOCK: i32 = 32;
const REPLICA: i32 = 16;

const COMPLETE: u16 = 1;
const UNKNOWN: u16 = 2;
const PINNING: u8 = 1;
const REMEMBERED: u8 = 2;

// The header of a table or an answer.

/** The blocks replace all that the proxy holds. */
export function isComplete(p: usize): bool {
  return (load<u16>(p, 6) & COMPLETE) != 0;
}

/** The agent knows nothing yet: the proxy keeps what it holds. */
export function isAgentUnready(p: usize): bool {
  return (load<u16>(p, 6) & UNKNOWN) != 0;
}

export function epochOf(p: usize): u64 {
  return load<u64>(p, 8);
}

export function validForMs(p: usize): f64 {
  return <f64>load<u32>(p, 16);
}

export function blockCount(p: usize): i32 {
  return load<i32>(p, 20);
}

export function utilisationOf(p: usize): f64 {
  return <f64>load<f32>(p, 24);
}

/** Writes the header of a table. */
export function writeHeader(p: usize, epoch: u64, blocks: i32, length: i32): void {
  memory.fill(p, 0, HEADER);
  store<u32>(p, MAGIC);
  store<u16>(p, FORMAT, 4);
  store<u64>(p, epoch, 8);
  store<i32>(p, blocks, 20);
  store<i32>(p, length, 28);
}

// A block.

export function blockBytes(block: usize): i32 {
  return load<i32>(block);
}

export function blockHash(block: usize): u32 {
  return load<u32>(block, 4);
}

export function blockVersion(block: usize): u64 {
  return load<u64>(block, 8);
}

export function replicaCount(block: usize): i32 {
  return load<i32>(block, 16);
}

export function blockKeyAt(block: usize): usize {
  return block + <usize>(BLOCK + replicaCount(block) * REPLICA);
}

export function blockKeyBytes(block: usize): i32 {
  return <i32>load<u16>(block, 20);
}

export function blockRouting(block: usize): u8 {
  return load<u8>(block, 22);
}

export function allowsPinning(block: usize): bool {
  return (load<u8>(block, 23) & PINNING) != 0;
}

/** The proxy's pod wanted the service before the proxy restarted. */
export function isRemembered(block: usize): bool {
  return (load<u8>(block, 23) & REMEMBERED) != 0;
}

export function clearRemembered(block: usize): void {
  store<u8>(block, load<u8>(block, 23) & ~REMEMBERED, 23);
}

// A replica of a block.

export function replicaRow(block: usize, i: i32): usize {
  return block + <usize>(BLOCK + i * REPLICA);
}

export function weightOf(row: usize): f32 {
  return load<f32>(row);
}

export function replicaNameAt(block: usize, row: usize): usize {
  return block + <usize>load<u32>(row, 4);
}

export function replicaNameBytes(row: usize): i32 {
  return <i32>load<u16>(row, 8);
}

export function sessionBytesOf(row: usize): i32 {
  return <i32>load<u16>(row, 10);
}

/** Orders blocks as a table does: by hash, then by key. */
export function compareBlocks(a: usize, b: usize): i32 {
  if (blockHash(a) != blockHash(b)) return blockHash(a) < blockHash(b) ? -1 : 1;
  const aBytes = blockKeyBytes(a);
  const bBytes = blockKeyBytes(b);
  const order = memory.compare(blockKeyAt(a), blockKeyAt(b), min(aBytes, bBytes));
  return order != 0 ? order : aBytes - bBytes;
}

function isAmount(value: f32): bool {
  // False for NaN and Infinity, too.
  return value >= 0 && value < 1e9;
}

/** Whether `left` bytes begin with a sound block. */
function isSoundBlock(block: usize, left: i64): bool {
  if (left < BLOCK) return false;
  const length = <i64>load<u32>(block);
  const replicas = <i64>load<u32>(block, 16);
  const stringsAt = <i64>BLOCK + replicas * REPLICA;
  const keyLength = <i64>load<u16>(block, 20);
  if (length > left || (length & 7) != 0 || keyLength == 0 || stringsAt + keyLength > length) return false;
  if (blockVersion(block) == 0 || blockRouting(block) > ROUTING_ENDPOINT) return false;
  if (blockRouting(block) == ROUTING_NONE && replicas > 0) return false;
  if (blockHash(block) != fnv1a(blockKeyAt(block), <i32>keyLength)) return false;
  for (let i: i64 = 0; i < replicas; i++) {
    const row = replicaRow(block, <i32>i);
    const nameLength = <i64>replicaNameBytes(row);
    const sessionLength = <i64>sessionBytesOf(row);
    const end = <i64>load<u32>(row, 4) + nameLength + sessionLength;
    if (nameLength == 0 || sessionLength == 0 || end > length || !isAmount(weightOf(row))) return false;
  }
  return true;
}

/** Checks a table or an answer to its last byte. */
export function isSound(p: usize, length: i32): bool {
  if (length < HEADER || load<u32>(p) != MAGIC || load<u16>(p, 4) != FORMAT) return false;
  if (load<u32>(p, 28) != <u32>length || !isAmount(load<f32>(p, 24))) return false;
  const blocks = load<u32>(p, 20);
  let at = HEADER;
  let last: usize = 0;
  for (let i: u32 = 0; i < blocks; i++) {
    const block = p + <usize>at;
    if (!isSoundBlock(block, length - at)) return false;
    if (last != 0 && compareBlocks(last, block) >= 0) return false;
    last = block;
    at += blockBytes(block);
  }
  return at == length;
}
