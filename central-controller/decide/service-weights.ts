/** One service's part of the decision: the weights after damping, and what made each of them. */
import type { Limit, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import type { NodeEstimate, ReplicaEstimate } from '../model/snapshot.ts';
import { dampedStep } from './damp.ts';
import type { Pause } from './pause.ts';
import type { Parameters } from './settings.ts';
import { type Candidate, type CandidateReplica, relativeError, type Targets } from './targets.ts';
import { boundsOf, isAtPolicyLimit, type WeightBounds, withinBounds } from './weight-bounds.ts';

const SATURATED = 0.97;

/**
 * @param targets what was allocated with this service among others, if it was
 * @param index of the service in `targets`; -1 when it was left out: then all ready replicas are equal
 */
export function explainService(
  candidate: Candidate,
  targets: Targets | undefined,
  index: number,
  nodes: readonly NodeEstimate[],
  nodeIndex: ReadonlyMap<string, number>,
): ServiceDecision {
  const { service, replicas, parameters } = candidate;
  const isAllocated = targets !== undefined && index >= 0;
  const wanted = isAllocated ? sharesOf(targets, index, replicas.length) : equalShares(replicas);
  const bounds = boundsOf(replicas, parameters);
  const shares = withinBounds(wanted, bounds);
  const { weights, outcome } = damped(replicas, shares, parameters);
  const uncertain = isAllocated && parameters.pullPerError * relativeError(replicas) > parameters.pull;
  const peers = peersByNode(replicas);
  let at = -1;
  const explain = (estimate: ReplicaEstimate): ReplicaDecision => {
    const isReady = replicas[at + 1]?.estimate === estimate;
    if (isReady) at += 1;
    const replica = isReady ? replicas[at] : undefined;
    const node = nodes[nodeIndex.get(estimate.node) ?? -1];
    const target = isReady ? (shares[at] ?? 0) : 0;
    const limits = replica ? reasons(replica, target, bounds[at], targets, node, parameters) : [];
    if (replica && replica.manual === undefined && uncertain) limits.push('shrunk');
    if (replica && replica.manual === undefined && outcome !== 'reached') limits.push(outcome);
    return {
      name: estimate.name,
      node: estimate.node,
      state: replica?.state ?? 'NotReady',
      weight: isReady ? (weights[at] ?? 0) : 0,
      target,
      previous: replica?.previous ?? 0,
      limits,
      cpuPerRequestSeconds: estimate.cpuPerRequestSeconds,
      cpuPerRequestDeviation: estimate.cpuPerRequestDeviation,
      requestsPerSecond: estimate.requestsPerSecond,
      cpuCores: estimate.cpuCores,
      capacityCores: capacityOf(estimate, peers.get(estimate.node) ?? 1, node),
      inFlight: estimate.inFlight,
      meanInFlight: estimate.meanInFlight,
      meanLatencySeconds: estimate.meanLatencySeconds,
      failureRatio: estimate.failureRatio,
      hiddenSeconds: estimate.hiddenSeconds,
    };
  };
  return {
    namespace: service.namespace,
    name: service.name,
    mode: service.mode,
    ...(candidate.pause && { paused: pausedOf(candidate.pause) }),
    demandCores: targets?.allocation.demandCores[index] ?? 0,
    servedCores: targets?.allocation.servedCores[index] ?? 0,
    fairShareCores: targets?.allocation.fairShareCores[index] ?? 0,
    requestsPerSecond: service.requestsPerSecond,
    replicas: service.replicas.map(explain),
  };
}

function pausedOf({ since, expiresAt, reason }: Pause): NonNullable<ServiceDecision['paused']> {
  return { since, ...(expiresAt !== undefined && { expiresAt }), ...(reason !== undefined && { reason }) };
}

/** How many of the service's ready replicas each node has. */
function peersByNode(replicas: readonly CandidateReplica[]): ReadonlyMap<string, number> {
  const peers = new Map<string, number>();
  for (const { estimate } of replicas) peers.set(estimate.node, (peers.get(estimate.node) ?? 0) + 1);
  return peers;
}

function sharesOf({ allocation, firstReplica }: Targets, index: number, count: number): number[] {
  const from = firstReplica[index] ?? 0;
  return Array.from({ length: count }, (_, at) => allocation.shares[from + at] ?? 0);
}

function equalShares(replicas: readonly CandidateReplica[]): number[] {
  const left = 1 - replicas.reduce((sum, { manual }) => sum + (manual ?? 0), 0);
  const free = replicas.filter(({ manual }) => manual === undefined).length;
  return replicas.map(({ manual }) => manual ?? left / free);
}

/** Moves the weights that are not set by hand; those that are apply at once, and the others share what they leave. */
function damped(
  replicas: readonly CandidateReplica[],
  shares: readonly number[],
  parameters: Parameters,
): { weights: number[]; outcome: 'reached' | 'damped' | 'deadBand' } {
  const open = replicas.flatMap(({ manual }, index) => (manual === undefined ? [index] : []));
  const to = open.map((index) => shares[index] ?? 0);
  const left = to.reduce((sum, share) => sum + share, 0);
  const least = (parameters.floor * left) / Math.max(1, open.length);
  const inForce = open.map((index) => Math.max(replicas[index]?.previous ?? 0, least));
  const sum = inForce.reduce((total, weight) => total + weight, 0);
  const from = inForce.map((weight) => (sum > 0 ? (weight * left) / sum : 0));
  const step = dampedStep(from, to, parameters);
  const weights = replicas.map((replica) => replica.manual ?? 0);
  open.forEach((index, at) => (weights[index] = step.weights[at] ?? 0));
  return { weights, outcome: step.outcome };
}

function reasons(
  { estimate, health, manual, isHeld, node: at }: CandidateReplica,
  target: number,
  bounds: WeightBounds | undefined,
  targets: Targets | undefined,
  node: NodeEstimate | undefined,
  parameters: Parameters,
): Limit[] {
  if (manual !== undefined) return [isHeld ? 'paused' : 'manual'];
  const limits: Limit[] = [];
  const { limitCores, cpuCores } = estimate;
  const load = targets?.allocation.loads[at] ?? 0;
  if (target <= parameters.floor) limits.push('floor');
  if (bounds && isAtPolicyLimit(target, bounds)) limits.push('policyLimit');
  if (limitCores !== undefined && cpuCores > 0.9 * limitCores) limits.push('replicaLimit');
  if (node && node.cores > 0 && load > SATURATED * (node.cores - node.stealCores)) limits.push('nodeSaturated');
  if (health.successFactor < 0.95) limits.push('failures');
  if (health.excessSeconds > 0) limits.push('slow');
  return limits;
}

/** What the replica uses and its part of what its node has to spare, at least its equal part, at most its limit. */
function capacityOf(estimate: ReplicaEstimate, peers: number, node: NodeEstimate | undefined): number {
  if (!node) return estimate.limitCores ?? 0;
  const capacity = Math.max(0, node.cores - node.stealCores);
  const spare = Math.max(0, capacity - node.busyCores) / peers;
  const guarantee = Math.max(0, capacity - node.backgroundCores) / peers;
  return Math.min(estimate.limitCores ?? Infinity, Math.max(estimate.cpuCores + spare, guarantee));
}
