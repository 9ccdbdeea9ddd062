import type { Policy } from '../fleet/ports.ts';
import { Outstanding, perCaller } from './per-caller.ts';
import { leastAtRandom } from './sampling.ts';

/** Weight of the newest answer in the moving averages, as in the authors' code. */
const GAIN = 0.9;

/** What a caller knows of a replica: moving averages over its own answers. */
export interface ReplicaAverages {
  /** From sending to receiving, seconds. */
  readonly responseTime: number;
  /** Seconds. */
  readonly serviceTime: number;
  /** Requests at the replica when it answered. */
  readonly queueSize: number;
}

/** C3's score (section 3.1 of the paper): R - 1/μ + q̂³ / μ with q̂ = 1 + outstanding * callers + q. Least is best. */
export function c3Score(averages: ReplicaAverages, outstanding: number, callers: number): number {
  const { responseTime, serviceTime, queueSize } = averages;
  const queue = 1 + outstanding * callers + queueSize;
  return responseTime - serviceTime + queue ** 3 * serviceTime;
}

function moved(before: ReplicaAverages | undefined, now: ReplicaAverages): ReplicaAverages {
  if (before === undefined) return now;
  const mean = (then: number, value: number): number => then + GAIN * (value - then);
  return {
    responseTime: mean(before.responseTime, now.responseTime),
    serviceTime: mean(before.serviceTime, now.serviceTime),
    queueSize: mean(before.queueSize, now.queueSize),
  };
}

/**
 * C3's replica selection: "C3: Cutting Tail Latency in Cloud Data Stores via Adaptive Replica Selection" (Suresh,
 * Canini, Schmid, Feldmann; NSDI 2015). Every answer tells the requests that its replica holds and how long the
 * request took there; each caller sends to the least score of all replicas, a random one where several are equal, as
 * those that it does not know yet are. C3's other half, rate control with back-pressure, is left out: it holds requests
 * back in the caller, which a proxy's choice of an endpoint cannot, and none of the others has it. Nothing in C3 avoids
 * replicas that fail.
 */
export const c3: Policy = perCaller('C3', ({ replicas, callers, random }) => {
  const outstanding = new Outstanding(replicas);
  const known: (ReplicaAverages | undefined)[] = Array.from({ length: replicas });
  const score = (replica: number): number => {
    const averages = known[replica];
    return averages === undefined ? 0 : c3Score(averages, outstanding.of(replica), callers);
  };
  return {
    pick: () => {
      const picked = leastAtRandom(random, replicas, score);
      outstanding.sent(picked);
      return picked;
    },
    answered: (_request, replica, { latency, report }) => {
      outstanding.answered(replica);
      // A timeout shows only that it took this long.
      known[replica] = moved(known[replica], {
        responseTime: latency,
        serviceTime: report?.latency ?? latency,
        queueSize: report?.requestsInFlight ?? known[replica]?.queueSize ?? 0,
      });
    },
  };
});
