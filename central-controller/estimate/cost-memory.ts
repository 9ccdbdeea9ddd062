/**
 * CPU per request of one replica, without its idle CPU: a ratio of decayed sums. The idle CPU is found later, and then
 * applies to all that was counted before. The memory is some columns of a row, all 0 at first.
 */
import type { CostColumns } from './cost-columns.ts';
import type { IdleCpu } from './idle-cpu.ts';

/** Cost follows slowly. A faster gain more than doubled the tail latency: the noise moved the weights. */
const TIME_CONSTANT_MS = 30_000;

/** At least this fraction of the CPU per request is cost: idle CPU must not explain all of it. */
const MIN_COST_FRACTION = 0.02;

/** Sums over windows in which requests succeeded. */
const CPU_SECONDS = 0;
const SECONDS = 1;
const REQUESTS = 2;
/**
 * Sums of products of surprises. A surprise is a window's amount less what the ratio to its requests predicts: of its
 * CPU twice, of its CPU and its length, of its length twice.
 */
const CPU_SQUARES = 3;
const CPU_LENGTH = 4;
const LENGTH_SQUARES = 5;
const AT = 6;
export const COST_WIDTH = 7;

/** Adds a window of `seconds` up to `at` (ms) in which `requests` succeeded, at least one. */
export function observeCost(
  values: Float64Array,
  row: number,
  cpuSeconds: number,
  seconds: number,
  requests: number,
  at: number,
): void {
  const before = values[row + REQUESTS] ?? 0;
  const last = values[row + AT] ?? 0;
  const keep = before > 0 ? Math.exp(-Math.max(0, at - last) / TIME_CONSTANT_MS) : 0;
  const allCpu = (values[row + CPU_SECONDS] ?? 0) * keep + cpuSeconds;
  const allSeconds = (values[row + SECONDS] ?? 0) * keep + seconds;
  const allRequests = before * keep + requests;
  values[row + CPU_SECONDS] = allCpu;
  values[row + SECONDS] = allSeconds;
  values[row + REQUESTS] = allRequests;
  values[row + AT] = Math.max(last, at);
  const cpu = cpuSeconds - (requests * allCpu) / allRequests;
  const length = seconds - (requests * allSeconds) / allRequests;
  values[row + CPU_SQUARES] = (values[row + CPU_SQUARES] ?? 0) * keep * keep + cpu * cpu;
  values[row + CPU_LENGTH] = (values[row + CPU_LENGTH] ?? 0) * keep * keep + cpu * length;
  values[row + LENGTH_SQUARES] = (values[row + LENGTH_SQUARES] ?? 0) * keep * keep + length * length;
}

/** Mean CPU of a request, idle CPU included; 0: none succeeded yet. */
export function cpuPerRequest(values: Float64Array, row: number): number {
  const requests = values[row + REQUESTS] ?? 0;
  return requests > 0 ? (values[row + CPU_SECONDS] ?? 0) / requests : 0;
}

function costEvidence(values: Float64Array, row: number, now: number): number {
  const requests = values[row + REQUESTS] ?? 0;
  return requests > 0 ? requests * Math.exp(-Math.max(0, now - (values[row + AT] ?? 0)) / TIME_CONSTANT_MS) : 0;
}

/**
 * The cost of each replica of a service by its own windows, into `columns`. The variance is that of a ratio from the
 * spread of its pairs (linearised: Cochran, Sampling Techniques, 1977, 6.4), at least that of exponentially spread
 * requests. It grows while nothing is served. The error of the idle CPU adds to it for replicas whose requests come more
 * or less often than usual; the others it moves alike.
 *
 * @param rows of the replicas' cost memories
 */
export function ownCosts(
  values: Float64Array,
  rows: Int32Array,
  idle: IdleCpu,
  now: number,
  columns: CostColumns,
): void {
  columns.resize(rows.length);
  const usualSeconds = usualSecondsPerRequest(values, rows);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] ?? 0;
    const evidence = costEvidence(values, row, now);
    columns.counted[index] = evidence;
    if (evidence > 0) ownCost(values, row, idle, usualSeconds, evidence, columns, index);
    else columns.seconds[index] = columns.variance[index] = columns.evidence[index] = 0;
  }
}

/** A median of the replicas' time per request, weighted by their requests. */
function usualSecondsPerRequest(values: Float64Array, rows: Int32Array): number {
  let all = 0;
  for (const row of rows) all += values[row + REQUESTS] ?? 0;
  let left = all / 2;
  const ratio = (row: number): number => (values[row + SECONDS] ?? 0) / (values[row + REQUESTS] ?? 1);
  const served = Array.from(rows).filter((row) => (values[row + REQUESTS] ?? 0) > 0);
  const middle = served
    .toSorted((a, b) => ratio(a) - ratio(b))
    .find((row) => (left -= values[row + REQUESTS] ?? 0) <= 0);
  return middle === undefined ? 0 : ratio(middle);
}

function ownCost(
  values: Float64Array,
  row: number,
  idle: IdleCpu,
  usualSeconds: number,
  evidence: number,
  columns: CostColumns,
  index: number,
): void {
  const requests = values[row + REQUESTS] ?? 1;
  const cpu = (values[row + CPU_SECONDS] ?? 0) / requests;
  const secondsPerRequest = (values[row + SECONDS] ?? 0) / requests;
  const cost = Math.max(MIN_COST_FRACTION * cpu, cpu - idle.cores * secondsPerRequest);
  const squares =
    (values[row + CPU_SQUARES] ?? 0) -
    2 * idle.cores * (values[row + CPU_LENGTH] ?? 0) +
    idle.cores * idle.cores * (values[row + LENGTH_SQUARES] ?? 0);
  const chance = Math.max(squares / (requests * evidence), (cost * cost) / evidence);
  const unknown = Math.min(cpu, idle.deviation * Math.abs(secondsPerRequest - usualSeconds));
  const variance = chance + unknown * unknown;
  columns.seconds[index] = cost;
  columns.variance[index] = variance;
  columns.evidence[index] = variance > 0 ? (evidence * chance) / variance : evidence;
}
