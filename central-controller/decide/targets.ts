/** Where the weights of the services should be: the allocator's answer, with health, warm-up and silence applied. */
import type { ReplicaState } from '../contract/decision.ts';
import type { NodeEstimate, ReplicaEstimate, ServiceEstimate } from '../estimate/snapshot.ts';
import { allocate, type Allocation, type AllocationService } from './allocate/allocate.ts';
import type { Health } from './health.ts';
import type { Parameters } from './policy.ts';
import { silentForMs } from './states.ts';

/** A service whose ready replicas are told apart in this decision. */
export interface Candidate {
  readonly service: ServiceEstimate;
  readonly replicas: readonly CandidateReplica[];
}

export interface CandidateReplica {
  readonly estimate: ReplicaEstimate;
  readonly state: ReplicaState;
  readonly health: Health;
  /** Share set by hand. */
  readonly manual?: number;
  /** Weight in force. */
  readonly previous: number;
}

export interface Targets {
  readonly allocation: Allocation;
  /** Per candidate and replica; each candidate's sum to 1. */
  readonly shares: readonly (readonly number[])[];
}

export interface TargetNode {
  readonly estimate: NodeEstimate;
  /** Cores used by what is not decided here. */
  readonly otherCores: number;
}

/** Cores; a node that has less cannot be told from one that has none. */
const LEAST_CAPACITY = 0.01;

/** A background that seems to fill its node would take less if the replicas asked for more. */
const MOST_BACKGROUND = 0.95;

/**
 * Allocates twice where some replica must not get what its load alone would give it: first as if it might, to see how
 * much that is; then with those replicas settled, so that the others are optimal for what is left to them.
 */
export function findTargets(
  candidates: readonly Candidate[],
  nodes: readonly TargetNode[],
  parameters: Parameters,
): Targets {
  const nodeIndex = new Map(nodes.map((node, index) => [node.estimate.name, index]));
  const nodeOf = (name: string): NodeEstimate | undefined => nodes[nodeIndex.get(name) ?? -1]?.estimate;
  const capacities = nodes.map((node) => capacityOf(node));
  const solve = (fixed: readonly (readonly (number | undefined)[])[]): Allocation =>
    allocate({
      curve: candidates.every(({ service }) => service.objective === 'level') ? 'level' : 'delay',
      floor: parameters.floor,
      nodes: capacities,
      services: candidates.map((candidate, index) =>
        allocationService(candidate, fixed[index] ?? [], nodeIndex, parameters),
      ),
    });
  const manual = candidates.map((candidate) => candidate.replicas.map((replica) => replica.manual));
  const first = solve(manual);
  const settled = candidates.map((candidate, index) =>
    settledShares(candidate, first.services[index]?.shares ?? [], nodeOf, parameters),
  );
  if (settled.every((shares) => shares === undefined)) {
    return { allocation: first, shares: first.services.map((service) => service.shares) };
  }
  const second = solve(settled.map((shares, index) => shares ?? manual[index] ?? []));
  return { allocation: second, shares: second.services.map((service) => service.shares) };
}

/** Capacity and what is used of it; an unheard node is taken for the mean of the others. */
function capacityOf(node: TargetNode): { capacityCores: number; backgroundCores: number } {
  const { cores, stealCores, backgroundCores } = node.estimate;
  const capacityCores = Math.max(0.01 * cores, cores - stealCores, LEAST_CAPACITY);
  const used = Math.max(0, backgroundCores) + Math.max(0, node.otherCores);
  return { capacityCores, backgroundCores: Math.min(used, MOST_BACKGROUND * capacityCores) };
}

function allocationService(
  { service, replicas }: Candidate,
  fixed: readonly (number | undefined)[],
  nodeIndex: ReadonlyMap<string, number>,
  parameters: Parameters,
): AllocationService {
  const level = service.objective === 'level';
  return {
    requestsPerSecond: service.requestsPerSecond,
    shareWeight: service.shareWeight,
    pull: (level ? parameters.pull / 100 : parameters.pull) + parameters.pullPerError * relativeError(replicas),
    replicas: replicas.map(({ estimate, health, previous }, index) => {
      const share = fixed[index];
      return {
        node: nodeIndex.get(estimate.node) ?? 0,
        cost: estimate.cpuPerRequestSeconds,
        hidden: level ? 0 : health.excessSeconds,
        start: previous,
        ...(estimate.limitCores !== undefined && { limitCores: estimate.limitCores }),
        ...(share !== undefined && { fixed: share }),
      };
    }),
  };
}

/**
 * A slow replica is asked often enough for the judgement to stand or fall by what it does now. Were it left to fade, the
 * replica would come back at once and be found slow again, in cycles.
 */
function probingShare({ requestsPerSecond }: ServiceEstimate, parameters: Parameters): number {
  const wanted = requestsPerSecond > 0 ? parameters.probesPerSecond / requestsPerSecond : Infinity;
  return Math.min(parameters.mostProbing, wanted);
}

/** Root mean square of the relative standard errors of the replicas' costs. */
export function relativeError(replicas: readonly CandidateReplica[]): number {
  const squares = replicas.map(({ estimate: { cpuPerRequestDeviation, cpuPerRequestSeconds } }) =>
    Math.min(1, (cpuPerRequestDeviation / cpuPerRequestSeconds) ** 2),
  );
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
}

/** Shares that are not the allocator's to choose, given what it would choose; undefined where all are. */
function settledShares(
  { service, replicas }: Candidate,
  shares: readonly number[],
  nodeOf: (name: string) => NodeEstimate | undefined,
  parameters: Parameters,
): (number | undefined)[] | undefined {
  const equal = 1 / replicas.length;
  const wanted = replicas.map(({ estimate, health, state, manual }, index) => {
    const share = shares[index] ?? equal;
    if (manual !== undefined) return share;
    const warm = state === 'WarmingUp' ? Math.max(0.1, estimate.knownForMs / parameters.warmUpMs) : 1;
    const silent = silentForMs(estimate, nodeOf(estimate.node), parameters);
    const trust = Math.exp(-silent / parameters.staleDecayMs);
    const probed = Math.max(share, health.excessSeconds > 0 ? probingShare(service, parameters) : 0);
    return equal + trust * (probed * health.successFactor * warm - equal);
  });
  if (wanted.every((want, index) => Math.abs(want - (shares[index] ?? equal)) < 1e-9)) return undefined;
  const settled = wanted.map((want, index) =>
    replicas[index]?.manual === undefined && Math.abs(want - (shares[index] ?? equal)) < 1e-9 ? undefined : want,
  );
  const byHand = replicas.reduce((sum, { manual }) => sum + (manual ?? 0), 0);
  const others = settled.reduce<number>((sum, share) => sum + (share ?? 0), -byHand);
  const scale = others > 0 ? Math.min(1, Math.max(0, 1 - byHand) / others) : 1;
  return settled.map((share, index) => replicas[index]?.manual ?? (share === undefined ? undefined : share * scale));
}
