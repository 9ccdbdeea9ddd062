/**
 * What holds a replica back besides the load of its node. A replica that fails fast or waits for something uses little
 * CPU. Without these factors it would look cheap and draw requests.
 */
import type { ReplicaEstimate, ServiceEstimate } from '../model/snapshot.ts';

/** The success factor is (successes relative to the best replica's) to this power. */
const FAILURE_EXPONENT = 4;

/**
 * Latency stands out beyond this fraction of the service's latency, and this many standard errors. Evidence fades and
 * errors grow, so an old judgement holds only for replicas that were far out of line, and ends.
 */
const MARGIN_FRACTION = 0.3;
const MARGIN_ERRORS = 3;

/** A replica with at least this much evidence is part of the reference that all are compared with. */
const REFERENCE_REQUESTS = 1;

export interface Health {
  /** 1: no reason to hold back. The more the replica fails beyond its peers, the closer to 0. */
  readonly successFactor: number;
  /** Non-CPU latency that stands out among the service's replicas, seconds. */
  readonly excessSeconds: number;
}

/** The median replica of a service, seconds. `spread` is the standard deviation of single requests. */
interface Reference {
  readonly latency: number;
  readonly nonCpu: number;
  readonly spread: number;
}

/**
 * Judges each replica against the others of its service. What all of them suffer, for example from a service they call,
 * must not move weights.
 */
export function judgeHealth(service: ServiceEstimate): Health[] {
  const judged = service.replicas.filter(isJudged);
  const leastFailing = judged.reduce((least, replica) => Math.min(least, replica.failureRatio), 1);
  const references = judged.filter((replica) => replica.nonCpuEvidence >= REFERENCE_REQUESTS);
  const reference = referenceOf(references);
  return service.replicas.map((replica) => {
    if (!isJudged(replica)) return { successFactor: 1, excessSeconds: 0 };
    const success = leastFailing < 1 ? (1 - replica.failureRatio) / (1 - leastFailing) : 1;
    return {
      successFactor: Math.max(0, success) ** FAILURE_EXPONENT,
      excessSeconds: references.length > 0 ? excessSeconds(replica, reference) : 0,
    };
  });
}

function isJudged(replica: ReplicaEstimate): boolean {
  return replica.ready && replica.evidence > 0;
}

/**
 * The error is the larger of two: the spread of the replica's own requests, and that of the reference for as many
 * requests. A single request that took very long does not make a slow replica.
 */
function excessSeconds(replica: ReplicaEstimate, reference: Reference): number {
  const { nonCpuSeconds, nonCpuDeviation, nonCpuEvidence } = replica;
  if (!(nonCpuEvidence > 0)) return 0;
  const error = Math.max(nonCpuDeviation, (MARGIN_ERRORS * reference.spread) / Math.sqrt(nonCpuEvidence));
  return Math.max(0, nonCpuSeconds - reference.nonCpu - MARGIN_FRACTION * reference.latency - error);
}

/** The spread is at least exponential. */
function referenceOf(replicas: readonly ReplicaEstimate[]): Reference {
  const latency = lowerMedian(replicas.map((replica) => replica.meanLatencySeconds));
  const spread = lowerMedian(replicas.map((replica) => replica.nonCpuDeviation * Math.sqrt(replica.nonCpuEvidence)));
  return {
    latency,
    nonCpu: lowerMedian(replicas.map((replica) => replica.nonCpuSeconds)),
    spread: Math.max(latency, spread),
  };
}

/** The lower of the two middle values: of two replicas, the faster one is the reference. */
function lowerMedian(values: readonly number[]): number {
  // A typed array sorts numbers without calling a comparison.
  return Float64Array.from(values).toSorted()[Math.floor((values.length - 1) / 2)] ?? 0;
}
