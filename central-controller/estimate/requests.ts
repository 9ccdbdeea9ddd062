/** Requests of a replica: from its own proxy, or from its callers if it has none. */
import type { CalledWindow, ServedWindow } from '../model/windows.ts';
import { observeCost } from './cost-memory.ts';
import { addPair } from './decayed-ratio.ts';
import { add, approach, COLUMN, type Estimates } from './estimates.ts';
import { dropBlock, observeIdle } from './idle-cpu.ts';
import type { NodeMemory } from './node-load.ts';
import { type CountedRequests, observeNonCpu } from './non-cpu-latency.ts';

/** Time constants of what follows the traffic, seconds. */
const RATE_SECONDS = 1.5;
const IN_FLIGHT_SECONDS = 3;

const LATENCY_MS = 5_000;
export const FAILURES_MS = 10_000;

/** Callers' counts are not used while the replica's own proxy has counted within this time. */
export const OWN_PROXY_MS = 10_000;

/** A caller that has counted nothing for this long no longer calls. */
const CALLER_MS = 5_000;

/** CPU windows must cover this fraction of the time in which requests were counted. */
const MIN_COVERED_FRACTION = 0.5;

/** CPU of more than this multiple of that time belongs to other requests. */
const MAX_COVERED_FRACTION = 1.5;

/** Callers' counts are matched with the CPU of at least this time. */
const MIN_MATCHED_SECONDS = 1;

/** A replica's row, and the node that it runs on. */
export interface ReplicaRow {
  readonly key: string;
  readonly row: number;
  readonly node: NodeMemory | undefined;
}

export function observeServed({ replicas, callers }: Estimates, replica: ReplicaRow, window: ServedWindow): void {
  const { requests, failures, seconds, at } = window;
  if (!(seconds > 0)) return;
  const { values } = replicas;
  const { key, row } = replica;
  const isFirst = values[row + COLUMN.servedAt] === -Infinity;
  const [rate, inFlight] = [requests / seconds, window.inFlightSeconds / seconds];
  approach(values, row + COLUMN.requestsPerSecond, rate, isFirst ? 1 : gain(seconds, RATE_SECONDS));
  approach(values, row + COLUMN.meanInFlight, inFlight, isFirst ? 1 : gain(seconds, IN_FLIGHT_SECONDS));
  values[row + COLUMN.inFlight] = window.inFlight;
  values[row + COLUMN.servedAt] = at;
  values[row + COLUMN.calledAt] = -Infinity;
  values[row + COLUMN.unmatchedRequests] = 0;
  callers.delete(key);
  addPair(values, row + COLUMN.failures, FAILURES_MS, failures, requests, at);
  observeLatency(values, replica, window);
  matchCpu(values, row, requests - failures, seconds, at);
}

export function observeCalled(estimates: Estimates, replica: ReplicaRow, window: CalledWindow): void {
  const { values } = estimates.replicas;
  const { key, row } = replica;
  const { requests, failures, answered, latencySeconds, seconds, at } = window;
  if (!(seconds > 0) || at - (values[row + COLUMN.servedAt] ?? 0) < OWN_PROXY_MS) return;
  values[row + COLUMN.requestsPerSecond] = rateByCallers(estimates, key, window);
  values[row + COLUMN.calledAt] = Math.max(at, values[row + COLUMN.calledAt] ?? 0);
  addPair(values, row + COLUMN.failures, FAILURES_MS, failures, requests, at);
  observeLatency(values, replica, { requests: answered, inFlightSeconds: latencySeconds, seconds, at });
  const latency = answered > 0 ? latencySeconds / answered : 0;
  const meanInFlight = (values[row + COLUMN.requestsPerSecond] ?? 0) * latency;
  values[row + COLUMN.meanInFlight] = meanInFlight;
  values[row + COLUMN.inFlight] = Math.round(meanInFlight);
  add(values, row + COLUMN.unmatchedRequests, Math.max(0, requests - failures));
  const unmatchedSeconds = values[row + COLUMN.unmatchedSeconds] ?? 0;
  if (unmatchedSeconds >= MIN_MATCHED_SECONDS) {
    const unmatched = values[row + COLUMN.unmatchedRequests] ?? 0;
    values[row + COLUMN.unmatchedRequests] = 0;
    matchCpu(values, row, unmatched, unmatchedSeconds, at);
  }
}

/** Takes the caller's rate over, and adds up those of all callers. */
function rateByCallers({ callers }: Estimates, key: string, { caller, requests, seconds, at }: CalledWindow): number {
  const rates = callers.get(key) ?? new Map();
  callers.set(key, rates);
  const rate = requests / seconds;
  const before = rates.get(caller)?.requestsPerSecond ?? rate;
  rates.set(caller, { requestsPerSecond: before + (rate - before) * gain(seconds, RATE_SECONDS), at });
  let sum = 0;
  for (const [name, each] of rates) {
    if (at - each.at > CALLER_MS) rates.delete(name);
    else sum += each.requestsPerSecond;
  }
  return sum;
}

/** Time in flight belongs to the requests that end next: one that takes longer than a window is not forgotten. */
function observeLatency(values: Float64Array, { row, node }: ReplicaRow, counted: CountedRequests): void {
  const { requests, seconds, at } = counted;
  const inFlightSeconds = (values[row + COLUMN.unfinishedSeconds] ?? 0) + counted.inFlightSeconds;
  values[row + COLUMN.unfinishedSeconds] = requests > 0 ? 0 : inFlightSeconds;
  if (requests === 0) return;
  addPair(values, row + COLUMN.latency, LATENCY_MS, inFlightSeconds, requests, at);
  const cores = values[row + COLUMN.declaredLimitCores] ?? 0;
  const unmatchedSeconds = values[row + COLUMN.unmatchedSeconds] ?? 0;
  const usedCores = unmatchedSeconds > 0 ? (values[row + COLUMN.unmatchedCpuSeconds] ?? 0) / unmatchedSeconds : 0;
  const limit = cores > 0 ? { cores, usedCores } : undefined;
  observeNonCpu(values, row + COLUMN.nonCpu, { requests, inFlightSeconds, seconds, at }, node, limit);
}

/** Matches the CPU used meanwhile with requests that succeeded. CPU without any request is idle CPU, not cost. */
function matchCpu(values: Float64Array, row: number, requests: number, seconds: number, at: number): void {
  const covered = values[row + COLUMN.unmatchedSeconds] ?? 0;
  if (covered < MIN_COVERED_FRACTION * seconds) return;
  const most = MAX_COVERED_FRACTION * seconds;
  const cpuSeconds = (values[row + COLUMN.unmatchedCpuSeconds] ?? 0) * Math.min(1, most / covered);
  values[row + COLUMN.unmatchedCpuSeconds] = 0;
  values[row + COLUMN.unmatchedSeconds] = 0;
  const matched = Math.min(covered, most);
  if (at >= (values[row + COLUMN.settledAt] ?? 0)) {
    observeIdle(values, row + COLUMN.idle, cpuSeconds, matched, requests, at);
  } else {
    dropBlock(values, row + COLUMN.idle);
  }
  if (requests > 0) observeCost(values, row + COLUMN.cost, cpuSeconds, matched, requests, at);
}

function gain(seconds: number, timeConstant: number): number {
  return 1 - Math.exp(-seconds / timeConstant);
}
