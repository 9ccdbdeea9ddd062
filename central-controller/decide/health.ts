/**
 * What speaks against a replica besides the load of its node. A replica that fails fast or waits for something uses
 * little CPU; without this it would look cheap and become a sink.
 */
import type { ReplicaEstimate, ServiceEstimate } from '../model/snapshot.ts';

/** A replica's share is multiplied by (successes relative to the best replica's) to this power. */
const FAILURE_EXPONENT = 4;

/**
 * Latency counts as out of line beyond this part of the service's latency, and this many standard errors. Evidence
 * fades, errors grow: with time an old judgement holds only what was far out of line, and then nothing.
 */
const MARGIN_PART = 0.3;
const MARGIN_ERRORS = 3;

/** Replicas with so much evidence are the measure for the others. */
const MEASURE_REQUESTS = 1;

export interface Health {
  /** 1: no reason to hold back; toward 0 the more it fails beyond its peers. */
  readonly successFactor: number;
  /** Hidden latency that stands out among the service's replicas, seconds. */
  readonly excessSeconds: number;
}

/** The service's replica in the middle, in seconds; `spread` is the standard deviation of single requests. */
interface Usual {
  readonly latency: number;
  readonly hidden: number;
  readonly spread: number;
}

/**
 * Judges each replica against the others of its service: what all of them suffer, say from a service they call, is
 * nobody's fault and must move no weight.
 */
export function judgeHealth(service: ServiceEstimate): Health[] {
  const judged = service.replicas.filter(isJudged);
  const leastFailing = judged.reduce((least, replica) => Math.min(least, replica.failureRatio), 1);
  const measure = judged.filter((replica) => replica.hiddenEvidence >= MEASURE_REQUESTS);
  const usual = usualOf(measure);
  return service.replicas.map((replica) => {
    if (!isJudged(replica)) return { successFactor: 1, excessSeconds: 0 };
    const success = leastFailing < 1 ? (1 - replica.failureRatio) / (1 - leastFailing) : 1;
    return {
      successFactor: Math.max(0, success) ** FAILURE_EXPONENT,
      excessSeconds: measure.length > 0 ? excessSeconds(replica, usual) : 0,
    };
  });
}

function isJudged(replica: ReplicaEstimate): boolean {
  return replica.ready && replica.evidence > 0;
}

/**
 * Were the replica like the others, its requests would be spread as theirs are. How its own are spread counts once: a
 * single request that took very long is not yet a slow replica.
 */
function excessSeconds({ hiddenSeconds, hiddenDeviation, hiddenEvidence }: ReplicaEstimate, usual: Usual): number {
  if (!(hiddenEvidence > 0)) return 0;
  const error = Math.max(hiddenDeviation, (MARGIN_ERRORS * usual.spread) / Math.sqrt(hiddenEvidence));
  return Math.max(0, hiddenSeconds - usual.hidden - MARGIN_PART * usual.latency - error);
}

/** Exponentially spread at least. */
function usualOf(measure: readonly ReplicaEstimate[]): Usual {
  const latency = lowerMedian(measure.map((replica) => replica.meanLatencySeconds));
  const spread = lowerMedian(measure.map((replica) => replica.hiddenDeviation * Math.sqrt(replica.hiddenEvidence)));
  return {
    latency,
    hidden: lowerMedian(measure.map((replica) => replica.hiddenSeconds)),
    spread: Math.max(latency, spread),
  };
}

/** The lower of the two in the middle: of two replicas, the faster one is the measure. */
function lowerMedian(values: readonly number[]): number {
  // Typed, for that is sorted without calls of a comparison.
  return Float64Array.from(values).toSorted()[Math.floor((values.length - 1) / 2)] ?? 0;
}
