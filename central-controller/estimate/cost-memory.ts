/**
 * CPU per request of one replica, what it uses without requests left out. A ratio of decayed sums, as `DecayedRatio`
 * is; how much the replica uses without requests is found out later, and then holds for all that was counted before.
 */
import type { IdleCpu } from './idle-cpu.ts';

/** Cost follows slowly: a fast gain here more than doubles the tail, for the noise moves the weights. */
const TIME_CONSTANT_MS = 30_000;

/** Of the CPU per request, so much is cost at least: idle CPU must not explain away all of it. */
const MIN_PART = 0.02;

/** Sums over windows in which requests succeeded. */
export interface CostMemory {
  cpuSeconds: number;
  seconds: number;
  requests: number;
  /**
   * Sums of products of surprises, a window's amount less what the ratio to its requests says: of its CPU twice, of its
   * CPU and its length, of its length twice.
   */
  readonly surprises: { cpu: number; both: number; length: number };
  at: number;
}

/** What a replica's own windows say. */
export interface OwnCost {
  readonly seconds: number;
  readonly variance: number;
  /** Requests that it rests on: old ones count less and less, and those less whose CPU idle CPU may have been. */
  readonly evidence: number;
}

export function costMemory(): CostMemory {
  return { cpuSeconds: 0, seconds: 0, requests: 0, surprises: { cpu: 0, both: 0, length: 0 }, at: -Infinity };
}

/** Adds a window of `seconds` up to `at` (ms) in which `requests` succeeded, at least one. */
export function observeCost(
  memory: CostMemory,
  cpuSeconds: number,
  seconds: number,
  requests: number,
  at: number,
): void {
  const keep = memory.requests > 0 ? Math.exp(-Math.max(0, at - memory.at) / TIME_CONSTANT_MS) : 0;
  memory.cpuSeconds = memory.cpuSeconds * keep + cpuSeconds;
  memory.seconds = memory.seconds * keep + seconds;
  memory.requests = memory.requests * keep + requests;
  memory.at = Math.max(memory.at, at);
  const cpu = cpuSeconds - (requests * memory.cpuSeconds) / memory.requests;
  const length = seconds - (requests * memory.seconds) / memory.requests;
  const { surprises } = memory;
  surprises.cpu = surprises.cpu * keep * keep + cpu * cpu;
  surprises.both = surprises.both * keep * keep + cpu * length;
  surprises.length = surprises.length * keep * keep + length * length;
}

export function costEvidence({ requests, at }: CostMemory, now: number): number {
  return requests > 0 ? requests * Math.exp(-Math.max(0, now - at) / TIME_CONSTANT_MS) : 0;
}

/**
 * What each replica of a service costs by its own windows. The variance is that of a ratio by the spread of its pairs
 * (linearised: Cochran, Sampling Techniques, 1977, 6.4), never less than if requests were exponentially spread, and more
 * the longer nothing was served. To that comes what is not known of the idle CPU: it moves all replicas alike but for
 * those whose requests come less or more often than usual.
 */
export function ownCosts(memories: readonly CostMemory[], idle: IdleCpu, now: number): OwnCost[] {
  const usualSeconds = usualSecondsPerRequest(memories);
  return memories.map((memory) => ownCost(memory, idle, usualSeconds, now));
}

/** Half of the requests were of replicas that had no more time per request (a median, weighted by requests). */
function usualSecondsPerRequest(memories: readonly CostMemory[]): number {
  let left = memories.reduce((sum, { requests }) => sum + requests, 0) / 2;
  const served = memories.filter(({ requests }) => requests > 0);
  const sorted = served.toSorted((a, b) => a.seconds / a.requests - b.seconds / b.requests);
  const middle = sorted.find(({ requests }) => (left -= requests) <= 0);
  return middle ? middle.seconds / middle.requests : 0;
}

function ownCost(memory: CostMemory, idle: IdleCpu, usualSeconds: number, now: number): OwnCost {
  const evidence = costEvidence(memory, now);
  if (!(evidence > 0)) return { seconds: 0, variance: 0, evidence: 0 };
  const { surprises, requests } = memory;
  const cpuPerRequest = memory.cpuSeconds / requests;
  const secondsPerRequest = memory.seconds / requests;
  const seconds = Math.max(MIN_PART * cpuPerRequest, cpuPerRequest - idle.cores * secondsPerRequest);
  const squares = surprises.cpu - 2 * idle.cores * surprises.both + idle.cores * idle.cores * surprises.length;
  const chance = Math.max(squares / (requests * evidence), (seconds * seconds) / evidence);
  const unknown = Math.min(cpuPerRequest, idle.deviation * Math.abs(secondsPerRequest - usualSeconds));
  const variance = chance + unknown * unknown;
  return { seconds, variance, evidence: variance > 0 ? (evidence * chance) / variance : evidence };
}
