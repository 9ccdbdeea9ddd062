/** Open streams of this VM by context id: chained hashing over a fixed pool of entries. */
import { MAX_STREAMS } from './limits';

/** Sides of a request, as in the statistics. */
export const SERVED: u8 = 1;
export const CALLED: u8 = 2;

/** Few, so that they stay in the cache: context ids only grow, so each new stream uses another head. */
const HEADS: i32 = 1024;
const heads = new StaticArray<i32>(HEADS);
const next = new StaticArray<i32>(MAX_STREAMS);
const contextOf = new StaticArray<u32>(MAX_STREAMS);
let freeList: i32 = 0;
/** Entries at and above this one have never been used. */
let entriesUsed: i32 = 0;

export const side = new StaticArray<u8>(MAX_STREAMS);
export const startedAt = new StaticArray<f64>(MAX_STREAMS);
/** Called: slot of the chosen replica. */
export const replicaOf = new StaticArray<i32>(MAX_STREAMS);
/** Called: the request probes an ejected replica. */
export const isProbe = new StaticArray<bool>(MAX_STREAMS);
/** Served: the caller has the plugin and gets the load header. */
export const wantsLoad = new StaticArray<bool>(MAX_STREAMS);
export const answered = new StaticArray<bool>(MAX_STREAMS);
/** When the answer's headers came, ms; set once `answered`. */
export const answeredAt = new StaticArray<f64>(MAX_STREAMS);
export const failed = new StaticArray<bool>(MAX_STREAMS);
/** Its latency is already counted: the connection changed to another protocol. */
export const upgraded = new StaticArray<bool>(MAX_STREAMS);

// Entry numbers are stored plus one: zero is "none".

/** An entry for a stream; -1 when no entry is free. */
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
