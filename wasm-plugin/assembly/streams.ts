/** The requests under way in this VM, by the stream context's number: chained hashing over a fixed pool. */
import { MAX_STREAMS } from './limits';

/** Sides of a request, as the statistics name them. */
export const SERVED: u8 = 1;
export const CALLED: u8 = 2;

/** Few, so that they stay in the cache: numbers of contexts only ever grow, and each new one asks for another. */
const HEADS: i32 = 1024;
const heads = new StaticArray<i32>(HEADS);
const next = new StaticArray<i32>(MAX_STREAMS);
const contextOf = new StaticArray<u32>(MAX_STREAMS);
let freeList: i32 = 0;
/** Entries at and above this one have never been used. */
let entriesUsed: i32 = 0;

export const side = new StaticArray<u8>(MAX_STREAMS);
export const startedAt = new StaticArray<f64>(MAX_STREAMS);
/** Called: the slot of the replica that was stamped. */
export const replicaOf = new StaticArray<i32>(MAX_STREAMS);
/** Called: this request finds out whether an ejected replica is back. */
export const isProbe = new StaticArray<bool>(MAX_STREAMS);
/** Served: the caller's plugin waits for the load header. */
export const wantsLoad = new StaticArray<bool>(MAX_STREAMS);
export const answered = new StaticArray<bool>(MAX_STREAMS);
/** Served: when the answer began, ms, where there is one. */
export const answeredAt = new StaticArray<f64>(MAX_STREAMS);
export const failed = new StaticArray<bool>(MAX_STREAMS);
/** Its latency is counted already: what comes after the answer is another protocol's. */
export const upgraded = new StaticArray<bool>(MAX_STREAMS);

// Entry numbers are stored plus one: zero is "none".

/** An entry for a stream; -1 when too many are under way. */
export function openStream(context: u32): i32 {
  let entry = freeList - 1;
  if (entry >= 0) freeList = next[entry];
  else if (entriesUsed < MAX_STREAMS) entry = entriesUsed++;
  else return -1;
  const head = (<i32>context) & (HEADS - 1);
  contextOf[entry] = context;
  next[entry] = heads[head];
  heads[head] = entry + 1;
  isProbe[entry] = false;
  wantsLoad[entry] = false;
  answered[entry] = false;
  failed[entry] = false;
  upgraded[entry] = false;
  return entry;
}

/** The entry of a stream, or -1. */
export function findStream(context: u32): i32 {
  let entry = heads[(<i32>context) & (HEADS - 1)] - 1;
  while (entry >= 0 && contextOf[entry] != context) entry = next[entry] - 1;
  return entry;
}

export function closeStream(entry: i32): void {
  const head = (<i32>contextOf[entry]) & (HEADS - 1);
  if (heads[head] == entry + 1) {
    heads[head] = next[entry];
  } else {
    let before = heads[head] - 1;
    while (next[before] != entry + 1) before = next[before] - 1;
    next[before] = next[entry];
  }
  next[entry] = freeList;
  freeList = entry + 1;
}
