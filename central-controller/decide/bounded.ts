/** Makes any snapshot one that can be decided on: each figure finite and within what it can mean. */
import type { PolicyLimits } from '../../contract/policy.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate, Snapshot } from '../model/snapshot.ts';

/** Far beyond any real figure, and small enough that sums and squares of such figures stay finite. */
const MOST = 1e9;

/** Costs below a nanosecond are no costs: zero says "not known". */
const MIN_COST = 1e-9;

/** Nobody runs requests on less: such a figure, too, says "not known". */
const MIN_CORES = 1e-3;

function bounded(value: number, most = MOST): number {
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
  const told = bounded(node.cores, 1e6);
  const cores = told < MIN_CORES ? 0 : told;
  return {
    name: node.name,
    cores,
    busyCores: bounded(node.busyCores, cores),
    backgroundCores: bounded(node.backgroundCores, cores),
    stealCores: bounded(node.stealCores, cores),
    ageMs: bounded(node.ageMs),
  };
}

/** No node is so much faster than another: a cost below this part of the service's greatest is an error. */
const MIN_COST_PART = 1e-2;

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
    replicas: withCostsAlike(service.replicas.map(boundedReplica)),
  };
}

function withCostsAlike(replicas: ReplicaEstimate[]): ReplicaEstimate[] {
  const greatest = replicas.reduce((most, { cpuPerRequestSeconds: cost }) => Math.max(most, cost), 0);
  const least = MIN_COST_PART * greatest;
  const isAlike = ({ cpuPerRequestSeconds: cost }: ReplicaEstimate): boolean => cost === 0 || cost >= least;
  if (replicas.every(isAlike)) return replicas;
  return replicas.map((replica) => (isAlike(replica) ? replica : { ...replica, cpuPerRequestSeconds: least }));
}

function isWithin(value: number, most = MOST): boolean {
  return value >= 0 && value <= most;
}

/** True of what a correct estimator says: then nothing needs to be copied. */
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
    isWithin(replica.hiddenSeconds, 1e6) &&
    isWithin(replica.hiddenDeviation, 1e6) &&
    isWithin(replica.hiddenEvidence) &&
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
    hiddenSeconds: bounded(replica.hiddenSeconds, 1e6),
    hiddenDeviation: bounded(replica.hiddenDeviation, 1e6),
    hiddenEvidence: bounded(replica.hiddenEvidence),
    failureRatio: bounded(replica.failureRatio, 1),
  };
}
