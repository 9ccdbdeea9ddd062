import type { Policy } from '../fleet/ports.ts';
import { Outstanding, perCaller } from './per-caller.ts';
import { anyPair } from './sampling.ts';

/** Mean lifetime of an observation, seconds: the default of Finagle, Linkerd and Envoy. */
const DECAY = 10;
/** Above any latency: a replica that has not answered yet gets one request, and no second one before it answers. */
const UNKNOWN = 1e9;

/** Moving average of latency that jumps to a peak at once and forgets it slowly, seconds. */
export class PeakLatency {
  #value = 0;
  #at = 0;

  /** A latency of 0 lets time pass without an observation. */
  observe(latency: number, now: number): number {
    const kept = Math.exp(-(now - this.#at) / DECAY);
    this.#value = latency > this.#value ? latency : this.#value * kept + latency * (1 - kept);
    this.#at = now;
    return this.#value;
  }

  /** What one more request beside `outstanding` costs. */
  cost(outstanding: number, now: number): number {
    const latency = this.observe(0, now);
    return latency === 0 && outstanding > 0 ? UNKNOWN + outstanding : latency * (outstanding + 1);
  }
}

/**
 * Peak EWMA with two choices, as Finagle's `P2CPeakEwma` and `PeakEwma`, from which Linkerd's and Envoy's stem: of two
 * different random replicas the one with the lower peak latency times requests outstanding at this caller plus one.
 * Failed requests count with their latency, as there; ejecting replicas that fail is another part of those proxies.
 */
export const peakEwma: Policy = perCaller('peak EWMA', ({ fleet, replicas, random }) => {
  const { timeline } = fleet;
  const outstanding = new Outstanding(replicas);
  const latencies = Array.from({ length: replicas }, () => new PeakLatency());
  const cost = (replica: number): number => latencies[replica]?.cost(outstanding.of(replica), timeline.now) ?? UNKNOWN;
  return {
    pick: () => {
      const [first, second] = anyPair(random, replicas);
      const picked = cost(first) <= cost(second) ? first : second;
      outstanding.sent(picked);
      return picked;
    },
    answered: (_request, replica, { latency }) => {
      outstanding.answered(replica);
      latencies[replica]?.observe(latency, timeline.now);
    },
  };
});
