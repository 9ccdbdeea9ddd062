/**
 * CPU that the pods of a service use without any request: sidecar, runtime, timers. Counted as cost of requests, it
 * would make a replica look the dearer the less it is asked, and weights would feed on themselves.
 *
 * A pod's CPU in a block of time is `idle x seconds + cost x requests`. The pods of a service run the same program: they
 * share the idle CPU; the cost of each is its own, for their hardware may differ, and a slow replica that gets little
 * must not look like an idle one. So only how a pod's CPU changes with its own requests tells: weighted least squares,
 * in which CPU is the more uncertain the more requests it was for, with a normal prior (ridge regression: Hoerl and
 * Kennard 1970) that keeps the estimate near 0 until the requests have varied enough.
 */

/**
 * Requests and their CPU are counted over times that do not quite coincide, which hides a part of how CPU follows
 * requests and makes it look idle: little of it in long blocks. The first are shorter, so that something is known soon.
 */
const FIRST_BLOCK_SECONDS = 4;
const BLOCK_SECONDS = 16;

/** Idle CPU changes little; requests must have time to vary. */
const TIME_CONSTANT_MS = 120_000;

/** Standard deviation of the prior, cores: what idle pods with a sidecar commonly use. */
const USUAL_CORES = 0.02;

/** The CPU of requests is taken to be exponentially spread until so many blocks have told how it is. */
const PRIOR_BLOCKS = 4;

/** Sums over blocks of products of seconds (t), requests (n) and CPU seconds (c), each block by its weight. */
export interface IdleMemory {
  readonly block: { cpuSeconds: number; seconds: number; requests: number };
  blocks: number;
  tt: number;
  tn: number;
  nn: number;
  tc: number;
  nc: number;
  cc: number;
  at: number;
}

export interface IdleCpu {
  /** Of each pod. */
  readonly cores: number;
  /** Standard error of it. */
  readonly deviation: number;
}

export function idleMemory(): IdleMemory {
  const block = { cpuSeconds: 0, seconds: 0, requests: 0 };
  return { block, blocks: 0, tt: 0, tn: 0, nn: 0, tc: 0, nc: 0, cc: 0, at: -Infinity };
}

/** Adds a window of `seconds` up to `at` (ms), with or without requests. */
export function observeIdle(
  memory: IdleMemory,
  cpuSeconds: number,
  seconds: number,
  requests: number,
  at: number,
): void {
  const { block } = memory;
  block.cpuSeconds += cpuSeconds;
  block.seconds += seconds;
  block.requests += requests;
  if (block.seconds < Math.min(BLOCK_SECONDS, FIRST_BLOCK_SECONDS * (1 + memory.blocks))) return;
  const keep = memory.blocks > 0 ? Math.exp(-Math.max(0, at - memory.at) / TIME_CONSTANT_MS) : 0;
  const weight = 1 / (1 + block.requests);
  const { seconds: t, requests: n, cpuSeconds: c } = block;
  memory.blocks = memory.blocks * keep + 1;
  memory.tt = memory.tt * keep + weight * t * t;
  memory.tn = memory.tn * keep + weight * t * n;
  memory.nn = memory.nn * keep + weight * n * n;
  memory.tc = memory.tc * keep + weight * t * c;
  memory.nc = memory.nc * keep + weight * n * c;
  memory.cc = memory.cc * keep + weight * c * c;
  memory.at = Math.max(memory.at, at);
  dropBlock(memory);
}

/** Forgets the block that was begun: a pod that starts, or one made anew, uses CPU for which no request asked. */
export function dropBlock({ block }: IdleMemory): void {
  block.cpuSeconds = block.seconds = block.requests = 0;
}

/** Idle CPU of each pod of one service. */
export function idleCpu(memories: readonly IdleMemory[]): IdleCpu {
  let information = 0;
  let evidence = 0;
  let squares = 0;
  let freedom = -1;
  let [nn, nc] = [0, 0];
  let least = Infinity;
  for (const memory of memories) {
    if (memory.blocks === 0) continue;
    const { blocks, tt, tn, tc, cc } = memory;
    const share = memory.nn > 0 ? tn / memory.nn : 0;
    information += Math.max(0, tt - share * tn);
    evidence += tc - share * memory.nc;
    squares += Math.max(0, cc - (memory.nn > 0 ? memory.nc / memory.nn : 0) * memory.nc);
    freedom += blocks - (memory.nn > 0 ? 1 : 0);
    nn += memory.nn;
    nc += memory.nc;
    least = Math.min(least, tc / tt);
  }
  if (nn === 0) return { cores: Number.isFinite(least) ? least : 0, deviation: USUAL_CORES };
  const free = information > 0 ? Math.max(0, evidence / information) : 0;
  const unexplained = Math.max(0, squares - 2 * free * evidence + free * free * information);
  const variance = (unexplained + PRIOR_BLOCKS * (nc / nn) ** 2) / (Math.max(0, freedom) + PRIOR_BLOCKS);
  const precision = information + variance / USUAL_CORES ** 2;
  if (!(precision > 0)) return { cores: 0, deviation: USUAL_CORES };
  const deviation = Math.sqrt(variance / precision);
  // What is uncertain counts as cost; and no pod uses less than all of them use without requests.
  return { cores: Math.min(least, Math.max(0, evidence / precision - deviation)), deviation };
}
