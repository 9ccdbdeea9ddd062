/** The weights that services should reach: the allocation, with health, warm-up and silence applied. */
import type { ReplicaState } from '../../contract/decision.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate } from '../model/snapshot.ts';
import { type Allocation, Allocator } from './allocate/allocate.ts';
import { type AllocationInput, createInput, fits } from './allocate/allocation-input.ts';
import type { Health } from './health.ts';
import type { Pause } from './pause.ts';
import type { Parameters } from './settings.ts';
import { silentForMs } from './states.ts';
import { minFraction } from './weight-bounds.ts';

/** A service with its ready replicas, as this decision sees it. */
export interface Candidate {
  readonly service: ServiceEstimate;
  readonly isLearning: boolean;
  readonly pause: Pause | undefined;
  /** For this service. */
  readonly parameters: Parameters;
  /** The ready ones, in the service's order. */
  readonly replicas: readonly CandidateReplica[];
}

export interface CandidateReplica {
  readonly estimate: ReplicaEstimate;
  readonly state: ReplicaState;
  readonly health: Health;
  /** Index of its node. */
  readonly node: number;
  /** Weight set by hand, or held by a pause. */
  readonly manual: number | undefined;
  /** A pause holds it. */
  readonly isHeld: boolean;
  /** Weight in force. */
  readonly previous: number;
}

/** The TargetFinder reuses these arrays: its next `find` overwrites them. */
export interface Targets {
  readonly allocation: Allocation;
  /** Candidate i has the columns from `firstReplica[i]` on. */
  readonly firstReplica: Int32Array;
}

export interface TargetNode {
  readonly estimate: NodeEstimate;
  /** Cores of balanced replicas that this decision does not move. */
  readonly otherCores: number;
}

/** Cores; a node with less counts as having this much. */
const MIN_CAPACITY = 0.01;

/** Fraction of the equal share that a new replica may get for its first requests. */
const MAX_FIRST_FRACTION = 0.5;

/** The background counts as at most this fraction of its node: it would yield if the replicas used more. */
const MAX_BACKGROUND_FRACTION = 0.95;

/** Finds targets tick by tick, each starting from the last solution. */
export class TargetFinder {
  /** Fixed weights change the solution much, so each of the two starts from its own last solution. */
  readonly #unlimited = new Allocator();
  readonly #limited = new Allocator();
  #input = createInput(0, 0, 0);

  /**
   * Allocates twice when health, warm-up or silence holds some replica back. The first allocation shows what the replica
   * would get; the second fixes its weight, so that the others are optimal for the rest.
   */
  find(candidates: readonly Candidate[], nodes: readonly TargetNode[], parameters: Parameters): Targets {
    const input = this.#fill(candidates, nodes, parameters);
    const { firstReplica } = input;
    const first = this.#unlimited.allocate(input);
    let hasFixed = false;
    for (const [index, candidate] of candidates.entries()) {
      hasFixed = fixWeights(candidate, firstReplica[index] ?? 0, first.shares, nodes, input) || hasFixed;
    }
    return { allocation: hasFixed ? this.#limited.allocate(input) : first, firstReplica };
  }

  #fill(candidates: readonly Candidate[], nodes: readonly TargetNode[], parameters: Parameters): AllocationInput {
    const replicas = candidates.reduce((sum, candidate) => sum + candidate.replicas.length, 0);
    if (!fits(this.#input, nodes.length, candidates.length, replicas)) {
      this.#input = createInput(nodes.length, candidates.length, replicas);
    }
    const input = this.#input;
    input.floor = parameters.floor;
    const requested = requestedCores(candidates, nodes.length);
    nodes.forEach((node, index) => fillNode(input, index, node, requested[index] ?? 0));
    let at = 0;
    for (const [index, candidate] of candidates.entries()) {
      input.firstReplica[index] = at;
      at = fillService(input, index, at, candidate);
    }
    input.firstReplica[candidates.length] = at;
    return input;
  }
}

/** Cores that the candidates' replicas request on each node. */
function requestedCores(candidates: readonly Candidate[], nodes: number): Float64Array {
  const requested = new Float64Array(nodes);
  for (const { replicas } of candidates) {
    for (const { estimate, node } of replicas) requested[node] = (requested[node] ?? 0) + (estimate.requestCores ?? 0);
  }
  return requested;
}

/** A node's capacity and background. The background never takes what the replicas request. */
function fillNode(input: AllocationInput, index: number, node: TargetNode, requested: number): void {
  const { cores, stealCores, backgroundCores } = node.estimate;
  const capacity = Math.max(0.01 * cores, cores - stealCores, MIN_CAPACITY);
  const used = Math.max(0, backgroundCores) + Math.max(0, node.otherCores);
  input.capacityCores[index] = capacity;
  input.backgroundCores[index] = Math.min(used, MAX_BACKGROUND_FRACTION * capacity, Math.max(0, capacity - requested));
}

/** Fills in the service and its replicas from `from` on; returns where the next service's begin. */
function fillService(
  input: AllocationInput,
  index: number,
  from: number,
  { service, replicas, parameters }: Candidate,
): number {
  const level = service.objective === 'level';
  input.requestsPerSecond[index] = service.requestsPerSecond;
  input.shareWeight[index] = service.shareWeight;
  input.level[index] = level ? 1 : 0;
  input.regularisation[index] =
    (level ? parameters.regularisation / 100 : parameters.regularisation) +
    parameters.regularisationPerError * relativeError(replicas);
  let at = from;
  for (const { estimate, health, manual, node } of replicas) {
    input.node[at] = node;
    input.cost[at] = estimate.cpuPerRequestSeconds;
    input.nonCpuSeconds[at] = level ? 0 : health.excessSeconds;
    input.limitCores[at] = estimate.limitCores ?? Infinity;
    input.fixed[at] = manual ?? NaN;
    at += 1;
  }
  return at;
}

/** The weight at which a replica gets this many of the service's requests per second, at most `most`. */
function weightFor({ requestsPerSecond }: ServiceEstimate, desired: number, most: number): number {
  return Math.min(most, requestsPerSecond > 0 ? desired / requestsPerSecond : Infinity);
}

/**
 * A slow replica keeps getting enough requests to be judged by what it does now. Otherwise the judgement would fade, the
 * replica would get its full weight and be found slow again, in cycles.
 */
function probingWeight(service: ServiceEstimate, { probesPerSecond, maxProbingFraction }: Parameters): number {
  return weightFor(service, probesPerSecond, maxProbingFraction);
}

/** A new replica gets some requests even on a full node, so that its cost is learnt. */
function firstWeight(service: ServiceEstimate, equal: number, { firstRequestsPerSecond }: Parameters): number {
  return weightFor(service, firstRequestsPerSecond, MAX_FIRST_FRACTION * equal);
}

/** Root mean square of the relative standard errors of the replicas' costs. */
export function relativeError(replicas: readonly CandidateReplica[]): number {
  let sum = 0;
  for (const { estimate } of replicas) {
    const error = estimate.cpuPerRequestDeviation / estimate.cpuPerRequestSeconds;
    sum += Math.min(1, error * error);
  }
  return Math.sqrt(sum / replicas.length);
}

/** Fixes the weight of each replica whose weight must differ from the allocation. Returns whether it fixed any. */
function fixWeights(
  { service, replicas, parameters }: Candidate,
  from: number,
  shares: Float64Array,
  nodes: readonly TargetNode[],
  { fixed }: AllocationInput,
): boolean {
  const equal = 1 / replicas.length;
  let byHand = 0;
  let others = 0;
  let hasFixed = false;
  for (const [index, { estimate, health, state, manual, node }] of replicas.entries()) {
    byHand += manual ?? 0;
    if (manual !== undefined) continue;
    const share = shares[from + index] ?? equal;
    const isNew = state === 'WarmingUp';
    const warm = isNew ? Math.max(0.1, estimate.knownForMs / parameters.warmUpMs) : 1;
    const silent = silentForMs(estimate, nodes[node]?.estimate, parameters);
    const trust = Math.exp(-silent / parameters.staleDecayMs);
    const probed = Math.max(share, health.excessSeconds > 0 ? probingWeight(service, parameters) : 0);
    const warmed = Math.max(probed * warm, isNew ? firstWeight(service, equal, parameters) : 0);
    const trusted = equal + trust * (warmed * health.successFactor - equal);
    const least = minFraction(state, parameters) * equal;
    const weight = Math.max(least, Math.min(parameters.maxWeight * equal, trusted));
    if (Math.abs(weight - share) < 1e-9) continue;
    fixed[from + index] = weight;
    others += weight;
    hasFixed = true;
  }
  const scale = others > 0 ? Math.min(1, Math.max(0, 1 - byHand) / others) : 1;
  for (const [index, { manual }] of replicas.entries()) {
    if (manual === undefined) fixed[from + index] = (fixed[from + index] ?? NaN) * scale;
  }
  return hasFixed;
}
