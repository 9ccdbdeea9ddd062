/**
 * Latency of a replica that neither its CPU nor waiting for CPU explains. What a sample tells depends on the load of the
 * node at that time: on an idle node all slowness is the replica's own; on a saturated one a queue without bound explains
 * any latency, and the sample tells nothing. The memory is some columns of a row, all 0 at first.
 */
import { addPair, countOf, evidenceAt, meanOf, RATIO_WIDTH, spreadOf } from './decayed-ratio.ts';
import type { NodeMemory } from './node-load.ts';
import { queueingDelay } from './queueing-delay.ts';

/** Short, so that a judgement outlives its reasons by seconds only; long enough to remember a few probes. */
const TIME_CONSTANT_MS = 4_000;

/** A resource with a higher utilisation may hold a queue whose length the utilisation does not tell. */
const MAX_UTILISATION = 0.95;

/** More requests of one sample count as this many: what thousands showed must yield to what a few show now. */
const MAX_COUNTED = 12;

/** This many samples in a row refute what was known before. */
const LAST_SAMPLES = 5;

/** A proxy's counts arrive within this time of the requests. */
const DELAY_SECONDS = 0.5;

/** Seconds in flight per request. Each sample counts by how idle its node was: fully up to half load. */
const LATENCY = 0;
/** Waiting time in units of CPU per request, as queueing theory predicts it. */
const QUEUEING = RATIO_WIDTH;
/** Samples so far. */
const SAMPLES = 2 * RATIO_WIDTH;
/** Seconds in flight per request of the last samples, in a ring. */
const LAST = SAMPLES + 1;
export const NON_CPU_WIDTH = LAST + LAST_SAMPLES;

export interface NonCpuLatency {
  readonly nonCpuSeconds: number;
  readonly nonCpuDeviation: number;
  readonly nonCpuEvidence: number;
}

/** Requests that ended within `seconds` up to `at` (ms), and the seconds that they were in flight. */
export interface CountedRequests {
  readonly requests: number;
  readonly inFlightSeconds: number;
  readonly seconds: number;
  readonly at: number;
}

/** The replica's own CPU limit, and what it used meanwhile. */
interface CpuLimit {
  readonly cores: number;
  readonly usedCores: number;
}

/** @param limit undefined: the replica has none */
export function observeNonCpu(
  values: Float64Array,
  row: number,
  { requests, inFlightSeconds, seconds, at }: CountedRequests,
  node: NodeMemory | undefined,
  limit: CpuLimit | undefined,
): void {
  const latency = inFlightSeconds / requests;
  const load = loadSince(node, at - 1000 * (seconds + latency + DELAY_SECONDS));
  const atLimit = limit ? limit.usedCores / limit.cores : 0;
  const greatest = Math.max(atLimit, load.greatest);
  if (load.windows === 0 || greatest > MAX_UTILISATION) return;
  const queueing = load.queueing / load.windows + (limit ? queueingDelay(atLimit, limit.cores) : 0);
  const counted = Math.min(MAX_COUNTED, requests * Math.min(1, 2 * (1 - greatest)));
  addPair(values, row + LATENCY, TIME_CONSTANT_MS, latency * counted, counted, at);
  addPair(values, row + QUEUEING, TIME_CONSTANT_MS, queueing * counted, counted, at);
  const samples = values[row + SAMPLES] ?? 0;
  values[row + LAST + (samples % LAST_SAMPLES)] = latency;
  values[row + SAMPLES] = samples + 1;
}

/** The node's windows that ended after `from` (ms): how many, the greatest utilisation, the sum of queueing delays. */
function loadSince(node: NodeMemory | undefined, from: number) {
  let [windows, greatest, queueing] = [0, 0, 0];
  if (node === undefined) return { windows, greatest, queueing };
  let end = node.at;
  for (let index = node.size - 1; index >= 0 && end > from; index--) {
    const left = node.cores(index) - node.stealCores(index);
    const utilisation = left > 0 ? node.busyCores(index) / left : 1;
    windows += 1;
    greatest = Math.max(greatest, utilisation);
    queueing += queueingDelay(utilisation, Math.max(0, left));
    end -= 1000 * node.seconds(index);
  }
  return { windows, greatest, queueing };
}

/**
 * A single sample shows no spread. Until there is another, latencies count as exponentially spread: one request, for
 * example the first over a new connection, does not make a slow replica, however long it took.
 *
 * @param cpuSeconds CPU per request
 */
export function nonCpuLatency(values: Float64Array, row: number, cpuSeconds: number, now: number): NonCpuLatency {
  const mean = meanOf(values, row + LATENCY);
  const samples = values[row + SAMPLES] ?? 0;
  const kept = Math.min(samples, LAST_SAMPLES);
  let lately = 0;
  for (let index = 0; index < kept; index++) lately += values[row + LAST + index] ?? 0;
  lately /= Math.max(1, kept);
  const explained = cpuSeconds * (1 + meanOf(values, row + QUEUEING));
  const single = mean / Math.sqrt(Math.max(1, countOf(values, row + LATENCY)));
  return {
    nonCpuSeconds: Math.max(0, Math.min(mean, lately) - explained),
    nonCpuDeviation: samples > 1 ? spreadOf(values, row + LATENCY) : single,
    nonCpuEvidence: evidenceAt(values, row + LATENCY, TIME_CONSTANT_MS, now),
  };
}
