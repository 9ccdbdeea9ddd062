/**
 * Latency of a replica that neither its CPU nor waiting for CPU explains. What a sample says of it depends on the load
 * of the node while its requests were there: on an idle node all that is slow is the replica's own doing; on a
 * saturated one a queue without bound explains any latency, and the sample says nothing.
 */
import { addPair, decayedRatio, type DecayedRatio, evidenceAt, meanOf, spreadOf } from './decayed-ratio.ts';
import type { NodeMemory } from './node-memory.ts';
import { queueingDelay } from './queueing-delay.ts';

/** Short, so that a judgement outlives its reasons by seconds only; long enough for a few probes to be remembered. */
const HIDDEN_MS = 4_000;

/** A resource that is used more than this may hold a queue, whose length no utilisation tells. */
const QUEUES = 0.95;

/** More requests of one sample count as so many: what thousands have said must give way to what a few say now. */
const MAX_COUNTED = 12;

/** So many samples in a row refute what was known before. */
const LAST_SAMPLES = 5;

/** Counts of a proxy take so long from the requests to here, at most. */
const DELAY_SECONDS = 0.5;

/** Each sample counts by how idle its node was: fully up to half load. */
export interface NonCpuMemory {
  /** Seconds in flight per request. */
  readonly latency: DecayedRatio;
  /** Waiting time in units of CPU per request, as queueing theory expects it. */
  readonly waiting: DecayedRatio;
  /** Seconds in flight per request in the last samples, oldest first. */
  readonly last: number[];
}

export interface NonCpuLatency {
  readonly nonCpuSeconds: number;
  readonly nonCpuDeviation: number;
  readonly nonCpuEvidence: number;
}

export function nonCpuMemory(): NonCpuMemory {
  return { latency: decayedRatio(HIDDEN_MS), waiting: decayedRatio(HIDDEN_MS), last: [] };
}

/** What requests were counted: how many ended up to `at` (ms) within `seconds`, and the seconds they were in flight. */
export interface CountedRequests {
  readonly requests: number;
  readonly inFlightSeconds: number;
  readonly seconds: number;
  readonly at: number;
}

/** @param limit the replica's own CPU limit and what it used meanwhile, cores; undefined where it has none */
export function observeNonCpu(
  memory: NonCpuMemory,
  { requests, inFlightSeconds, seconds, at }: CountedRequests,
  node: NodeMemory | undefined,
  limit: { readonly cores: number; readonly usedCores: number } | undefined,
): void {
  const latency = inFlightSeconds / requests;
  const from = at - 1000 * (seconds + latency + DELAY_SECONDS);
  const loads = loadsSince(node, from);
  const atLimit = limit ? limit.usedCores / limit.cores : 0;
  const greatest = Math.max(atLimit, ...loads.map(({ utilisation }) => utilisation));
  if (loads.length === 0 || greatest > QUEUES) return;
  const ofNode = loads.reduce((sum, { utilisation, cores }) => sum + queueingDelay(utilisation, cores), 0);
  const waiting = ofNode / loads.length + (limit ? queueingDelay(atLimit, limit.cores) : 0);
  const counted = Math.min(MAX_COUNTED, requests * Math.min(1, 2 * (1 - greatest)));
  addPair(memory.latency, latency * counted, counted, at);
  addPair(memory.waiting, waiting * counted, counted, at);
  memory.last.push(latency);
  if (memory.last.length > LAST_SAMPLES) memory.last.shift();
}

/** Utilisation of the node in its windows that ended after `from`, ms. */
function loadsSince(node: NodeMemory | undefined, from: number): { utilisation: number; cores: number }[] {
  const loads: { utilisation: number; cores: number }[] = [];
  let end = node?.at ?? 0;
  for (const { cores, stealCores, busyCores, seconds } of node?.samples.toReversed() ?? []) {
    if (end <= from) break;
    const left = cores - stealCores;
    loads.push({ utilisation: left > 0 ? busyCores / left : 1, cores: Math.max(0, left) });
    end -= 1000 * seconds;
  }
  return loads;
}

/**
 * A single sample shows no spread. Until there is another, latencies are taken to be spread exponentially: one request,
 * say the first over a new connection, is not yet a slow replica, however long it took.
 *
 * @param cpuSeconds CPU per request
 */
export function nonCpuLatency(
  { latency, waiting, last }: NonCpuMemory,
  cpuSeconds: number,
  now: number,
): NonCpuLatency {
  const lately = last.reduce((sum, each) => sum + each, 0) / Math.max(1, last.length);
  return {
    nonCpuSeconds: Math.max(0, Math.min(meanOf(latency), lately) - cpuSeconds * (1 + meanOf(waiting))),
    nonCpuDeviation: last.length > 1 ? spreadOf(latency) : meanOf(latency) / Math.sqrt(Math.max(1, latency.count)),
    nonCpuEvidence: evidenceAt(latency, now),
  };
}
