/**
 * CPU that the pods of a service use without any request: sidecar, runtime, timers. Counted as cost of requests, it would
 * make a replica look more expensive the fewer requests it gets, and weights would feed on themselves.
 *
 * A pod's CPU in a block of time is `idle x seconds + cost x requests`. The pods of a service run the same program, so
 * they share the idle CPU. The cost of each is its own: hardware may differ, and a slow replica that gets little must not
 * look like an idle one. So the estimate uses only how a pod's CPU changes with its own requests: weighted least squares,
 * in which CPU is less certain the more requests it was for, with a normal prior (ridge regression: Hoerl and Kennard
 * 1970) that keeps the estimate near 0 until the requests have varied enough. The memory is some columns of a row, all 0
 * at first.
 */

/**
 * Requests and their CPU are counted over times that do not quite coincide. That hides how CPU follows requests, and
 * makes some of it look idle; less so in long blocks. The first blocks are shorter, so that something is known soon.
 */
const FIRST_BLOCK_SECONDS = 4;
const BLOCK_SECONDS = 16;

/** Idle CPU changes little, and requests need time to vary. */
const TIME_CONSTANT_MS = 120_000;

/** Standard deviation of the prior, cores: what idle pods with a sidecar commonly use. */
const USUAL_CORES = 0.02;

/** Until this many blocks have come, the CPU of requests counts as exponentially spread. */
const PRIOR_BLOCKS = 4;

/** The block that is being filled. */
const BLOCK_CPU_SECONDS = 0;
const BLOCK_LENGTH = 1;
const BLOCK_REQUESTS = 2;
const BLOCKS = 3;
/** Sums over blocks of products of seconds (T), requests (N) and CPU seconds (C), each block by its weight. */
const TT = 4;
const TN = 5;
const NN = 6;
const TC = 7;
const NC = 8;
const CC = 9;
const AT = 10;
export const IDLE_WIDTH = 11;

export interface IdleCpu {
  /** Of each pod. */
  readonly cores: number;
  /** Standard error of `cores`. */
  readonly deviation: number;
}

/** Adds a window of `seconds` up to `at` (ms), with or without requests. */
export function observeIdle(
  values: Float64Array,
  row: number,
  cpuSeconds: number,
  seconds: number,
  requests: number,
  at: number,
): void {
  const c = (values[row + BLOCK_CPU_SECONDS] ?? 0) + cpuSeconds;
  const t = (values[row + BLOCK_LENGTH] ?? 0) + seconds;
  const n = (values[row + BLOCK_REQUESTS] ?? 0) + requests;
  const blocks = values[row + BLOCKS] ?? 0;
  values[row + BLOCK_CPU_SECONDS] = c;
  values[row + BLOCK_LENGTH] = t;
  values[row + BLOCK_REQUESTS] = n;
  if (t < Math.min(BLOCK_SECONDS, FIRST_BLOCK_SECONDS * (1 + blocks))) return;
  const last = values[row + AT] ?? 0;
  const keep = blocks > 0 ? Math.exp(-Math.max(0, at - last) / TIME_CONSTANT_MS) : 0;
  const weight = 1 / (1 + n);
  values[row + BLOCKS] = blocks * keep + 1;
  values[row + TT] = (values[row + TT] ?? 0) * keep + weight * t * t;
  values[row + TN] = (values[row + TN] ?? 0) * keep + weight * t * n;
  values[row + NN] = (values[row + NN] ?? 0) * keep + weight * n * n;
  values[row + TC] = (values[row + TC] ?? 0) * keep + weight * t * c;
  values[row + NC] = (values[row + NC] ?? 0) * keep + weight * n * c;
  values[row + CC] = (values[row + CC] ?? 0) * keep + weight * c * c;
  values[row + AT] = Math.max(last, at);
  dropBlock(values, row);
}

/** Forgets the block that was begun: a pod that starts, or was made anew, uses CPU that no request asked for. */
export function dropBlock(values: Float64Array, row: number): void {
  values.fill(0, row + BLOCK_CPU_SECONDS, row + BLOCK_REQUESTS + 1);
}

/**
 * Idle CPU of each pod of one service.
 *
 * @param rows of the pods' idle memories
 */
export function idleCpu(values: Float64Array, rows: Int32Array): IdleCpu {
  let information = 0;
  let evidence = 0;
  let squares = 0;
  let freedom = -1;
  let [allNn, allNc] = [0, 0];
  let least = Infinity;
  for (const row of rows) {
    const blocks = values[row + BLOCKS] ?? 0;
    if (blocks === 0) continue;
    const [tt = 0, tn = 0, nn = 0] = [values[row + TT], values[row + TN], values[row + NN]];
    const [tc = 0, nc = 0, cc = 0] = [values[row + TC], values[row + NC], values[row + CC]];
    const ratio = nn > 0 ? tn / nn : 0;
    information += Math.max(0, tt - ratio * tn);
    evidence += tc - ratio * nc;
    squares += Math.max(0, cc - (nn > 0 ? nc / nn : 0) * nc);
    freedom += blocks - (nn > 0 ? 1 : 0);
    allNn += nn;
    allNc += nc;
    least = Math.min(least, tc / tt);
  }
  if (allNn === 0) return { cores: Number.isFinite(least) ? least : 0, deviation: USUAL_CORES };
  const free = information > 0 ? Math.max(0, evidence / information) : 0;
  const unexplained = Math.max(0, squares - 2 * free * evidence + free * free * information);
  const variance = (unexplained + PRIOR_BLOCKS * (allNc / allNn) ** 2) / (Math.max(0, freedom) + PRIOR_BLOCKS);
  const precision = information + variance / USUAL_CORES ** 2;
  if (!(precision > 0)) return { cores: 0, deviation: USUAL_CORES };
  const deviation = Math.sqrt(variance / precision);
  // What is uncertain counts as cost. No pod uses less than its least.
  return { cores: Math.min(least, Math.max(0, evidence / precision - deviation)), deviation };
}
