/** Where the weights of the services should be: the allocator's answer, with health, warm-up and silence applied. */
import type { ReplicaState } from '../../contract/decision.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate } from '../model/snapshot.ts';
import { type Allocation, Allocator } from './allocate/allocate.ts';
import { type AllocationInput, createInput, fits } from './allocate/allocation-input.ts';
import type { Health } from './health.ts';
import type { Pause } from './pause.ts';
import type { Parameters } from './settings.ts';
import { silentForMs } from './states.ts';
import { leastPart } from './weight-bounds.ts';

/** A service whose ready replicas are told apart in this decision. */
export interface Candidate {
  readonly service: ServiceEstimate;
  readonly isLearning: boolean;
  readonly pause: Pause | undefined;
  /** As they hold for this service. */
  readonly parameters: Parameters;
  /** Those that are ready, in the order of the service's. */
  readonly replicas: readonly CandidateReplica[];
}

export interface CandidateReplica {
  readonly estimate: ReplicaEstimate;
  readonly state: ReplicaState;
  readonly health: Health;
  /** Index of its node. */
  readonly node: number;
  /** Share set by hand, or held by a pause. */
  readonly manual: number | undefined;
  /** It is held by a pause. */
  readonly isHeld: boolean;
  /** Weight in force. */
  readonly previous: number;
}

/** The columns are the finder's, which writes its next targets over them. */
export interface Targets {
  readonly allocation: Allocation;
  /** Where each candidate's replicas are in the columns: those of candidate i from `firstReplica[i]` on. */
  readonly firstReplica: Int32Array;
}

export interface TargetNode {
  readonly estimate: NodeEstimate;
  /** Cores used by what is not decided here. */
  readonly otherCores: number;
}

/** Cores; a node that has less cannot be told from one that has none. */
const MIN_CAPACITY = 0.01;

/** Part of an equal share that a new replica gets at most to be asked soon. */
const MAX_AT_FIRST = 0.5;

/** A background that seems to fill its node would take less if the replicas asked for more. */
const MAX_BACKGROUND = 0.95;

/** Finds targets again and again, each from the solution before; keeps the memory that this takes. */
export class TargetFinder {
  /** Where some shares are settled, the solution differs much: each kind starts from its own. */
  readonly #first = new Allocator();
  readonly #second = new Allocator();
  #input = createInput(0, 0, 0);

  /**
   * Allocates twice where some replica must not get what its load alone would give it: first as if it might, to see how
   * much that is; then with those replicas settled, so that the others are optimal for what is left to them.
   */
  find(candidates: readonly Candidate[], nodes: readonly TargetNode[], parameters: Parameters): Targets {
    const input = this.#fill(candidates, nodes, parameters);
    const { firstReplica } = input;
    const first = this.#first.allocate(input);
    let isSettled = false;
    for (const [index, candidate] of candidates.entries()) {
      isSettled = settleShares(candidate, firstReplica[index] ?? 0, first.shares, nodes, input) || isSettled;
    }
    return { allocation: isSettled ? this.#second.allocate(input) : first, firstReplica };
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

/** Cores that the candidates' replicas request on each node together. */
function requestedCores(candidates: readonly Candidate[], nodes: number): Float64Array {
  const requested = new Float64Array(nodes);
  for (const { replicas } of candidates) {
    for (const { estimate, node } of replicas) requested[node] = (requested[node] ?? 0) + (estimate.requestCores ?? 0);
  }
  return requested;
}

/** Capacity and what is used of it; what the replicas request is theirs, however busy the node is with others. */
function fillNode(input: AllocationInput, index: number, node: TargetNode, requested: number): void {
  const { cores, stealCores, backgroundCores } = node.estimate;
  const capacity = Math.max(0.01 * cores, cores - stealCores, MIN_CAPACITY);
  const used = Math.max(0, backgroundCores) + Math.max(0, node.otherCores);
  input.capacityCores[index] = capacity;
  input.backgroundCores[index] = Math.min(used, MAX_BACKGROUND * capacity, Math.max(0, capacity - requested));
}

/** Fills in the service and its replicas, which are at `from` and after; returns where the next are. */
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
  input.pull[index] =
    (level ? parameters.pull / 100 : parameters.pull) + parameters.pullPerError * relativeError(replicas);
  let at = from;
  for (const { estimate, health, manual, node } of replicas) {
    input.node[at] = node;
    input.cost[at] = estimate.cpuPerRequestSeconds;
    input.hidden[at] = level ? 0 : health.excessSeconds;
    input.limitCores[at] = estimate.limitCores ?? Infinity;
    input.fixed[at] = manual ?? NaN;
    at += 1;
  }
  return at;
}

/** The share by which a replica gets `wanted` requests per second of the service's, but no more than `most`. */
function shareOf({ requestsPerSecond }: ServiceEstimate, wanted: number, most: number): number {
  return Math.min(most, requestsPerSecond > 0 ? wanted / requestsPerSecond : Infinity);
}

/**
 * A slow replica is asked often enough for the judgement to stand or fall by what it does now. Were it left to fade, the
 * replica would come back at once and be found slow again, in cycles.
 */
function probingShare(service: ServiceEstimate, { probesPerSecond, mostProbing }: Parameters): number {
  return shareOf(service, probesPerSecond, mostProbing);
}

/** A new replica is asked soon, also where its node is full of others that start: else nothing is learnt of it. */
function firstShare(service: ServiceEstimate, equal: number, { firstRequestsPerSecond }: Parameters): number {
  return shareOf(service, firstRequestsPerSecond, MAX_AT_FIRST * equal);
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

/** Fixes those shares that are not the allocator's to choose, given what it would choose; whether there are any. */
function settleShares(
  { service, replicas, parameters }: Candidate,
  from: number,
  shares: Float64Array,
  nodes: readonly TargetNode[],
  { fixed }: AllocationInput,
): boolean {
  const equal = 1 / replicas.length;
  let byHand = 0;
  let others = 0;
  let hasSettled = false;
  for (const [index, { estimate, health, state, manual, node }] of replicas.entries()) {
    byHand += manual ?? 0;
    if (manual !== undefined) continue;
    const share = shares[from + index] ?? equal;
    const isNew = state === 'WarmingUp';
    const warm = isNew ? Math.max(0.1, estimate.knownForMs / parameters.warmUpMs) : 1;
    const silent = silentForMs(estimate, nodes[node]?.estimate, parameters);
    const trust = Math.exp(-silent / parameters.staleDecayMs);
    const probed = Math.max(share, health.excessSeconds > 0 ? probingShare(service, parameters) : 0);
    const asked = Math.max(probed * warm, isNew ? firstShare(service, equal, parameters) : 0);
    const healthy = equal + trust * (asked * health.successFactor - equal);
    const wanted = Math.max(leastPart(state, parameters) * equal, Math.min(parameters.maxWeight * equal, healthy));
    if (Math.abs(wanted - share) < 1e-9) continue;
    fixed[from + index] = wanted;
    others += wanted;
    hasSettled = true;
  }
  const scale = others > 0 ? Math.min(1, Math.max(0, 1 - byHand) / others) : 1;
  for (const [index, { manual }] of replicas.entries()) {
    if (manual === undefined) fixed[from + index] = (fixed[from + index] ?? NaN) * scale;
  }
  return hasSettled;
}
