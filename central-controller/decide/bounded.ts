/** Makes any snapshot safe to decide on: each number becomes finite and possible. */
import type { PolicyLimits } from '../../contract/policy.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate, Snapshot } from '../model/snapshot.ts';

/** Far beyond any real value, yet sums and squares of such values stay finite. */
const MAX = 1e9;

/** Seconds; a lower cost counts as 0, which means "not known". */
const MIN_COST = 1e-9;

/** Fewer cores count as 0, which means "not known". */
const MIN_CORES = 1e-3;

function bounded(value: number, most = MAX): number {
  return value > 0 ? Math.min(value, most) : 0;
}

export function boundedSnapshot(snapshot: Snapshot): Snapshot {
  return {
    at: snapshot.at,
    nodes: snapshot.nodes.map(boundedNode),
    services: snapshot.services.map(boundedService),
  };
}

function boundedNode(node: NodeEstimate): NodeEstimate {
  const reported = bounded(node.cores, 1e6);
  const cores = reported < MIN_CORES ? 0 : reported;
  return {
    name: node.name,
    cores,
    busyCores: bounded(node.busyCores, cores),
    backgroundCores: bounded(node.backgroundCores, cores),
    stealCores: bounded(node.stealCores, cores),
    ageMs: bounded(node.ageMs),
  };
}

/** No node is a hundred times faster than another, so a cost below this fraction of the service's greatest is an error. */
const MIN_COST_RATIO = 1e-2;

function boundedLimits(limits: PolicyLimits): PolicyLimits {
  const { minWeight, maxWeight, maxStepPerSecond, warmUpSeconds } = limits;
  return {
    ...(minWeight !== undefined && { minWeight: bounded(minWeight, 1) }),
    ...(maxWeight !== undefined && { maxWeight: Math.max(1, bounded(maxWeight)) }),
    ...(maxStepPerSecond !== undefined && { maxStepPerSecond: bounded(maxStepPerSecond) }),
    ...(warmUpSeconds !== undefined && { warmUpSeconds: bounded(warmUpSeconds) }),
  };
}

function boundedService(service: ServiceEstimate): ServiceEstimate {
  const { limits } = service;
  return {
    ...service,
    shareWeight: Math.max(1e-3, bounded(service.shareWeight, 1e3)),
    ...(limits && { limits: boundedLimits(limits) }),
    requestsPerSecond: bounded(service.requestsPerSecond),
    replicas: withComparableCosts(service.replicas.map(boundedReplica)),
  };
}

function withComparableCosts(replicas: ReplicaEstimate[]): ReplicaEstimate[] {
  const greatest = replicas.reduce((most, { cpuPerRequestSeconds: cost }) => Math.max(most, cost), 0);
  const least = MIN_COST_RATIO * greatest;
  const isComparable = ({ cpuPerRequestSeconds: cost }: ReplicaEstimate): boolean => cost === 0 || cost >= least;
  if (replicas.every(isComparable)) return replicas;
  return replicas.map((replica) => (isComparable(replica) ? replica : { ...replica, cpuPerRequestSeconds: least }));
}

function isWithin(value: number, most = MAX): boolean {
  return value >= 0 && value <= most;
}

/** A correct estimator yields only such replicas, and they need no copy. */
function isBounded(replica: ReplicaEstimate): boolean {
  const { cpuPerRequestSeconds: cost, limitCores: limit, requestCores: request } = replica;
  return (
    isWithin(replica.knownForMs) &&
    isWithin(replica.ageMs) &&
    isWithin(replica.evidence) &&
    (cost === 0 || (cost >= MIN_COST && cost <= 1e6)) &&
    isWithin(replica.cpuPerRequestDeviation, 1e6) &&
    isWithin(replica.requestsPerSecond) &&
    isWithin(replica.cpuCores, 1e6) &&
    isWithin(replica.idleCores, 1e6) &&
    (limit === undefined || (limit >= MIN_CORES && limit <= 1e6)) &&
    (request === undefined || isWithin(request, 1e6)) &&
    isWithin(replica.inFlight) &&
    isWithin(replica.meanInFlight) &&
    isWithin(replica.meanLatencySeconds, 1e6) &&
    isWithin(replica.nonCpuSeconds, 1e6) &&
    isWithin(replica.nonCpuDeviation, 1e6) &&
    isWithin(replica.nonCpuEvidence) &&
    isWithin(replica.failureRatio, 1)
  );
}

function boundedReplica(replica: ReplicaEstimate): ReplicaEstimate {
  if (isBounded(replica)) return replica;
  const { limitCores, requestCores, ...rest } = replica;
  const limit = bounded(limitCores ?? 0, 1e6);
  const cost = bounded(replica.cpuPerRequestSeconds, 1e6);
  return {
    ...rest,
    knownForMs: bounded(replica.knownForMs),
    ageMs: bounded(replica.ageMs),
    evidence: bounded(replica.evidence),
    cpuPerRequestSeconds: cost < MIN_COST ? 0 : cost,
    cpuPerRequestDeviation: bounded(replica.cpuPerRequestDeviation, 1e6),
    requestsPerSecond: bounded(replica.requestsPerSecond),
    cpuCores: bounded(replica.cpuCores, 1e6),
    idleCores: bounded(replica.idleCores, 1e6),
    ...(requestCores !== undefined && { requestCores: bounded(requestCores, 1e6) }),
    ...(limit >= MIN_CORES && { limitCores: limit }),
    inFlight: bounded(replica.inFlight),
    meanInFlight: bounded(replica.meanInFlight),
    meanLatencySeconds: bounded(replica.meanLatencySeconds, 1e6),
    nonCpuSeconds: bounded(replica.nonCpuSeconds, 1e6),
    nonCpuDeviation: bounded(replica.nonCpuDeviation, 1e6),
    nonCpuEvidence: bounded(replica.nonCpuEvidence),
    failureRatio: bounded(replica.failureRatio, 1),
  };
}
