/** Requests of a replica: from its own proxy, or where it has none from its callers. */
import type { CalledWindow, ServedWindow } from '../model/windows.ts';
import { observeCost } from './cost-memory.ts';
import { addPair } from './decayed-ratio.ts';
import type { ReplicaMemory } from './estimates.ts';
import type { NodeMemory } from './node-memory.ts';
import { type CountedRequests, observeNonCpu } from './non-cpu-latency.ts';
import { dropBlock, observeIdle } from './idle-cpu.ts';

/** Time constants of what must follow the traffic, seconds. */
const RATE_SECONDS = 1.5;
const IN_FLIGHT_SECONDS = 3;

/** While the replica's own proxy has counted within this time, callers' counts are not used. */
export const OWN_PROXY_MS = 10_000;

/** A caller that has counted nothing for this long calls no more. */
const CALLER_MS = 5_000;

/** CPU windows must cover this part of the time in which requests were counted. */
const MIN_COVERED = 0.5;

export function observeServed(memory: ReplicaMemory, window: ServedWindow, node: NodeMemory | undefined): void {
  if (!(window.seconds > 0)) return;
  const first = memory.servedAt === -Infinity;
  const rate = window.requests / window.seconds;
  const inFlight = window.inFlightSeconds / window.seconds;
  memory.requestsPerSecond += (rate - memory.requestsPerSecond) * (first ? 1 : gain(window.seconds, RATE_SECONDS));
  memory.meanInFlight += (inFlight - memory.meanInFlight) * (first ? 1 : gain(window.seconds, IN_FLIGHT_SECONDS));
  memory.inFlight = window.inFlight;
  memory.servedAt = window.at;
  memory.callers.clear();
  memory.unmatchedRequests = 0;
  addPair(memory.failures, window.failures, window.requests, window.at);
  observeLatency(memory, window, node);
  matchCpu(memory, window.requests - window.failures, window.seconds, window.at);
}

export function observeCalled(memory: ReplicaMemory, window: CalledWindow, node: NodeMemory | undefined): void {
  if (!(window.seconds > 0) || window.at - memory.servedAt < OWN_PROXY_MS) return;
  const rate = window.requests / window.seconds;
  const before = memory.callers.get(window.caller);
  const smoothed = before
    ? before.requestsPerSecond + (rate - before.requestsPerSecond) * gain(window.seconds, RATE_SECONDS)
    : rate;
  memory.callers.set(window.caller, { requestsPerSecond: smoothed, at: window.at });
  for (const [name, { at }] of memory.callers) if (window.at - at > CALLER_MS) memory.callers.delete(name);
  memory.requestsPerSecond = [...memory.callers.values()].reduce((sum, each) => sum + each.requestsPerSecond, 0);
  addPair(memory.failures, window.failures, window.requests, window.at);
  const { answered, latencySeconds } = window;
  observeLatency(memory, { ...window, requests: answered, inFlightSeconds: latencySeconds }, node);
  memory.meanInFlight = memory.requestsPerSecond * (answered > 0 ? latencySeconds / answered : 0);
  memory.inFlight = Math.round(memory.meanInFlight);
  memory.unmatchedRequests += Math.max(0, window.requests - window.failures);
  if (memory.unmatchedSeconds >= 1) {
    const requests = memory.unmatchedRequests;
    memory.unmatchedRequests = 0;
    matchCpu(memory, requests, memory.unmatchedSeconds, window.at);
  }
}

/** Time in flight is that of the requests which end next: one that takes longer than a window is not forgotten. */
function observeLatency(memory: ReplicaMemory, counted: CountedRequests, node: NodeMemory | undefined): void {
  const { requests, at } = counted;
  const inFlightSeconds = memory.unfinishedSeconds + counted.inFlightSeconds;
  memory.unfinishedSeconds = requests > 0 ? 0 : inFlightSeconds;
  if (requests === 0) return;
  addPair(memory.latency, inFlightSeconds, requests, at);
  const cores = memory.declaredLimitCores;
  const usedCores = memory.unmatchedSeconds > 0 ? memory.unmatchedCpuSeconds / memory.unmatchedSeconds : 0;
  const limit = cores === undefined ? undefined : { cores, usedCores };
  observeNonCpu(memory.hidden, { ...counted, inFlightSeconds }, node, limit);
}

/** Sets the CPU used meanwhile against requests that succeeded; CPU without any request is idle, and nobody's cost. */
function matchCpu(memory: ReplicaMemory, requests: number, seconds: number, at: number): void {
  const covered = memory.unmatchedSeconds;
  if (covered < MIN_COVERED * seconds) return;
  const cpuSeconds = memory.unmatchedCpuSeconds * Math.min(1, (1.5 * seconds) / covered);
  memory.unmatchedCpuSeconds = 0;
  memory.unmatchedSeconds = 0;
  const matched = Math.min(covered, 1.5 * seconds);
  if (at >= memory.settledAt) observeIdle(memory.idle, cpuSeconds, matched, requests, at);
  else dropBlock(memory.idle);
  if (requests > 0) observeCost(memory.cost, cpuSeconds, matched, requests, at);
}

function gain(seconds: number, timeConstant: number): number {
  return 1 - Math.exp(-seconds / timeConstant);
}
