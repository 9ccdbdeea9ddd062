/** One service's part of the decision: its weights after damping, each with what limited it. */
import type { Limit, ReplicaDecision, ServiceDecision } from '../../contract/decision.ts';
import { SATURATED_UTILISATION } from '../estimate/queueing-delay.ts';
import type { NodeEstimate, ReplicaEstimate } from '../model/snapshot.ts';
import { type DampedStep, dampedStep } from './damp.ts';
import type { Pause } from './pause.ts';
import type { Parameters } from './settings.ts';
import { type Candidate, type CandidateReplica, relativeError, type Targets } from './targets.ts';
import { boundsOf, isAtPolicyLimit, type WeightBounds, withinBounds } from './weight-bounds.ts';

/** A replica that uses this fraction of its CPU limit counts as limited by it. */
const AT_LIMIT_FRACTION = 0.9;

/** Below this success factor, failures count among the limits. */
const FAILING_FACTOR = 0.95;

/** The nodes of a decision. */
export interface DecidedNodes {
  readonly estimates: readonly NodeEstimate[];
  /** Of `estimates`, by the node's name. */
  readonly indexOf: ReadonlyMap<string, number>;
}

/**
 * @param targets what was allocated to this service among others, if it was
 * @param index of the service in `targets`; -1 when it was left out, and all ready replicas get the equal share
 */
export function serviceWeights(
  candidate: Candidate,
  targets: Targets | undefined,
  index: number,
  nodes: DecidedNodes,
): ServiceDecision {
  const { service, replicas, parameters } = candidate;
  const isAllocated = targets !== undefined && index >= 0;
  const bounds = boundsOf(replicas, parameters);
  const desired = isAllocated ? allocatedWeights(targets, index, replicas.length) : equalWeights(replicas);
  const target = withinBounds(desired, bounds);
  const { weights, outcome } = step(replicas, target, parameters);
  const isUncertain =
    isAllocated && parameters.regularisationPerError * relativeError(replicas) > parameters.regularisation;
  const peers = peersByNode(replicas);
  const capacityOf = (estimate: ReplicaEstimate): number =>
    capacityCores(estimate, peers.get(estimate.node) ?? 1, nodeOf(nodes, estimate));
  let at = -1;
  const decided = service.replicas.map((estimate): ReplicaDecision => {
    const replica = replicas[at + 1];
    if (replica?.estimate !== estimate) return notReady(estimate, capacityOf(estimate));
    at += 1;
    const limits = limitsOf(replica, target[at] ?? 0, bounds[at], targets, nodeOf(nodes, estimate), parameters);
    if (replica.manual === undefined && isUncertain) limits.push('shrunk');
    if (replica.manual === undefined && outcome !== 'reached') limits.push(outcome);
    const { state, previous } = replica;
    const decidedValues = { state, weight: weights[at] ?? 0, target: target[at] ?? 0, previous, limits };
    return replicaDecision(estimate, decidedValues, capacityOf(estimate));
  });
  return {
    namespace: service.namespace,
    name: service.name,
    mode: service.mode,
    ...(candidate.pause && { paused: pausedOf(candidate.pause) }),
    demandCores: targets?.allocation.demandCores[index] ?? 0,
    servedCores: targets?.allocation.servedCores[index] ?? 0,
    fairShareCores: targets?.allocation.fairShareCores[index] ?? 0,
    requestsPerSecond: service.requestsPerSecond,
    replicas: decided,
  };
}

function nodeOf({ estimates, indexOf }: DecidedNodes, { node }: ReplicaEstimate): NodeEstimate | undefined {
  return estimates[indexOf.get(node) ?? -1];
}

function notReady(estimate: ReplicaEstimate, capacity: number): ReplicaDecision {
  return replicaDecision(estimate, { state: 'NotReady', weight: 0, target: 0, previous: 0, limits: [] }, capacity);
}

function replicaDecision(
  estimate: ReplicaEstimate,
  {
    state,
    weight,
    target,
    previous,
    limits,
  }: Pick<ReplicaDecision, 'state' | 'weight' | 'target' | 'previous' | 'limits'>,
  capacity: number,
): ReplicaDecision {
  return {
    name: estimate.name,
    node: estimate.node,
    state,
    weight,
    target,
    previous,
    limits,
    cpuPerRequestSeconds: estimate.cpuPerRequestSeconds,
    cpuPerRequestDeviation: estimate.cpuPerRequestDeviation,
    requestsPerSecond: estimate.requestsPerSecond,
    cpuCores: estimate.cpuCores,
    capacityCores: capacity,
    inFlight: estimate.inFlight,
    meanInFlight: estimate.meanInFlight,
    meanLatencySeconds: estimate.meanLatencySeconds,
    failureRatio: estimate.failureRatio,
    nonCpuSeconds: estimate.nonCpuSeconds,
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

function allocatedWeights({ allocation, firstReplica }: Targets, index: number, count: number): number[] {
  const from = firstReplica[index] ?? 0;
  return Array.from({ length: count }, (_, at) => allocation.shares[from + at] ?? 0);
}

function equalWeights(replicas: readonly CandidateReplica[]): number[] {
  const rest = 1 - replicas.reduce((sum, { manual }) => sum + (manual ?? 0), 0);
  const open = replicas.filter(({ manual }) => manual === undefined).length;
  return replicas.map(({ manual }) => manual ?? rest / open);
}

/** Weights set by hand apply at once. The others share the rest, and move toward their targets. */
function step(replicas: readonly CandidateReplica[], target: readonly number[], parameters: Parameters): DampedStep {
  const open = replicas.flatMap(({ manual }, index) => (manual === undefined ? [index] : []));
  const to = open.map((index) => target[index] ?? 0);
  const rest = to.reduce((sum, weight) => sum + weight, 0);
  const least = (parameters.floor * rest) / Math.max(1, open.length);
  const from = scaledTo(
    rest,
    // The floor is a part of the rest, so it is compared with what the replica has of the rest.
    scaledTo(
      rest,
      open.map((index) => replicas[index]?.previous ?? 0),
    ).map((weight) => Math.max(weight, least)),
  );
  const moved = dampedStep(from, to, parameters);
  const weights = replicas.map((replica) => replica.manual ?? 0);
  open.forEach((index, at) => (weights[index] = moved.weights[at] ?? 0));
  return { weights, outcome: moved.outcome };
}

/** The weights in the same proportions, with this sum. All zeros stay so. */
function scaledTo(sum: number, weights: readonly number[]): number[] {
  const present = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (present > 0 ? (weight * sum) / present : 0));
}

function limitsOf(
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
  if (limitCores !== undefined && cpuCores > AT_LIMIT_FRACTION * limitCores) limits.push('replicaLimit');
  if (node && node.cores > 0 && load > SATURATED_UTILISATION * (node.cores - node.stealCores)) {
    limits.push('nodeSaturated');
  }
  if (health.successFactor < FAILING_FACTOR) limits.push('failures');
  if (health.excessSeconds > 0) limits.push('slow');
  return limits;
}

/**
 * Cores that the replica could use: what it uses now and its part of its node's spare cores, at least its equal part of
 * what the background leaves, at most its limit.
 */
function capacityCores(estimate: ReplicaEstimate, peers: number, node: NodeEstimate | undefined): number {
  if (!node) return estimate.limitCores ?? 0;
  const capacity = Math.max(0, node.cores - node.stealCores);
  const spare = Math.max(0, capacity - node.busyCores) / peers;
  const guarantee = Math.max(0, capacity - node.backgroundCores) / peers;
  return Math.min(estimate.limitCores ?? Infinity, Math.max(estimate.cpuCores + spare, guarantee));
}
