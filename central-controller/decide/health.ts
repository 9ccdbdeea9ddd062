/**
 * What speaks against a replica besides the load of its node. A replica that fails fast or waits for something uses
 * little CPU; without this it would look cheap and become a sink.
 */
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate } from '../estimate/snapshot.ts';
import { waitingFactor } from './allocate/delay-curve.ts';

/** A replica's share is multiplied by (successes relative to the best replica's) to this power. */
const FAILURE_EXPONENT = 4;

/** Latency counts as out of line beyond this many standard errors and this part of the service's latency. */
const MARGIN_ERRORS = 3;
const MARGIN_PART = 0.3;

export interface Health {
  /** 1: no reason to hold back; toward 0 the more it fails beyond its peers. */
  readonly successFactor: number;
  /** Latency that neither CPU nor queueing explains, seconds. */
  readonly hiddenSeconds: number;
  /** The part of it that stands out among the service's replicas. */
  readonly excessSeconds: number;
}

/**
 * Judges each replica against the others of its service: what all of them suffer, say from a service they call, is
 * nobody's fault and must move no weight.
 */
export function judgeHealth(service: ServiceEstimate, nodeOf: (name: string) => NodeEstimate | undefined): Health[] {
  const judged = service.replicas.filter((replica) => replica.ready && replica.evidence > 0);
  const leastFailing = judged.reduce((least, replica) => Math.min(least, replica.failureRatio), 1);
  const hidden = service.replicas.map((replica) => hiddenSeconds(replica, nodeOf(replica.node)));
  const usualHidden = lowerMedian(service.replicas.flatMap((r, i) => (judged.includes(r) ? [hidden[i] ?? 0] : [])));
  const usualLatency = lowerMedian(judged.map((replica) => replica.meanLatencySeconds));
  return service.replicas.map((replica, index) => {
    const own = hidden[index] ?? 0;
    if (!judged.includes(replica)) return { successFactor: 1, hiddenSeconds: own, excessSeconds: 0 };
    const margin = MARGIN_ERRORS * replica.meanLatencyDeviation + MARGIN_PART * usualLatency;
    const success = leastFailing < 1 ? (1 - replica.failureRatio) / (1 - leastFailing) : 1;
    return {
      successFactor: Math.max(0, success) ** FAILURE_EXPONENT,
      hiddenSeconds: own,
      excessSeconds: Math.max(0, own - usualHidden - margin),
    };
  });
}

function hiddenSeconds(replica: ReplicaEstimate, node: NodeEstimate | undefined): number {
  const capacity = node ? Math.max(0, node.cores - node.stealCores) : 0;
  const atNode = node && capacity > 0 ? waitingFactor(node.busyCores / capacity, capacity) : 0;
  const { limitCores } = replica;
  const atLimit = limitCores ? waitingFactor(replica.cpuCores / limitCores, limitCores) : 0;
  return Math.max(0, replica.meanLatencySeconds - replica.cpuPerRequestSeconds * (1 + atNode + atLimit));
}

/** The lower of the two in the middle: of two replicas, the faster one is the measure. */
function lowerMedian(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
}
