/** One decision: from a snapshot to the weights in force, each with what limits it. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import { NEVER_MS, type NodeEstimate, type ServiceEstimate, type Snapshot } from '../model/snapshot.ts';
import type { Mode } from '../model/topology.ts';
import { boundedSnapshot } from './bounded.ts';
import { withCpuGrants } from './cpu-control.ts';
import { judgeHealth } from './health.ts';
import { heldWeights, pauseOf } from './pause.ts';
import type { DecisionSettings, Parameters } from './settings.ts';
import { type DecidedNodes, serviceWeights } from './service-weights.ts';
import { isStaleNode, serviceState, stateOf } from './states.ts';
import { type Candidate, type CandidateReplica, TargetFinder, type TargetNode, type Targets } from './targets.ts';
import { parametersOf } from './weight-bounds.ts';

/** Solutions of the last decision. Starting from them makes the next one faster and changes nothing else. */
export interface DecisionMemory {
  /** For services in mode Enforce. */
  readonly enforced: TargetFinder;
  /** For services in mode Observe, as if all were enforced. */
  readonly observed: TargetFinder;
}

export function createDecisionMemory(): DecisionMemory {
  return { enforced: new TargetFinder(), observed: new TargetFinder() };
}

/**
 * Decides one tick. The weights of each service with a ready replica sum to 1, whatever the snapshot holds.
 * Services in mode Enforce are decided on top of the present load of all others. Services in mode Observe are decided
 * as if all were enforced, which shows the effect of enforcing them.
 *
 * @param previous the decision in force, which damping starts from; undefined for the first one
 * @param now controller's wall clock, ms
 * @param memory kept from tick to tick
 */
export function decide(
  snapshot: Snapshot,
  settings: DecisionSettings,
  previous: Decision | undefined,
  now: number,
  memory = createDecisionMemory(),
): Decision {
  const { nodes, services } = boundedSnapshot(snapshot);
  const { parameters } = settings;
  const known = allNodes(nodes, services);
  const decidedNodes = { estimates: known, indexOf: new Map(known.map((node, index) => [node.name, index])) };
  const before = lastDecisions(previous);
  const elapsedMs = previous ? now - previous.at : 0;
  const candidates = services.map((service) => {
    const ready = service.replicas.filter((replica) => replica.ready).length;
    const serviceSettings = { ...settings, parameters: parametersOf(service, parameters, ready, elapsedMs) };
    return candidateOf(service, decidedNodes, serviceSettings, before, now);
  });
  const inMode = (mode: Mode): Candidate[] =>
    candidates.filter(
      ({ service, replicas, isLearning }) => service.mode === mode && replicas.length > 0 && !isLearning,
    );
  const enforced = inMode('Enforce');
  const observed = inMode('Observe');
  const inForce = memory.enforced.find(enforced, otherLoads(known, services, enforced), parameters);
  const together = [...enforced, ...observed];
  const ifEnforced =
    observed.length > 0 ? memory.observed.find(together, otherLoads(known, services, together), parameters) : undefined;
  const indexOf = new Map(together.map((candidate, index) => [candidate, index]));
  const decisions = candidates.map((candidate) => {
    const targets = candidate.service.mode === 'Observe' ? ifEnforced : inForce;
    return serviceWeights(candidate, targets, indexOf.get(candidate) ?? -1, decidedNodes);
  });
  return {
    tick: previous ? previous.tick + 1 : 0,
    at: now,
    optimalityGap: Math.max(inForce.allocation.optimalityGap, ifEnforced?.allocation.optimalityGap ?? 0),
    changed: previous === undefined || decisions.some((service) => hasMoved(service)),
    nodes: known.map((node, index) => nodeDecision(node, inForce, index, parameters)),
    services: withCpuGrants(decisions, services, known, previous),
  };
}

/** The nodes of the snapshot, and those that only a replica names. */
function allNodes(nodes: readonly NodeEstimate[], services: readonly ServiceEstimate[]): NodeEstimate[] {
  const named = new Map(nodes.map((node) => [node.name, node]));
  for (const { replicas } of services) {
    for (const { node } of replicas) {
      if (named.has(node)) continue;
      const unknown = { cores: 0, busyCores: 0, backgroundCores: 0, stealCores: 0, ageMs: NEVER_MS };
      named.set(node, { name: node, ...unknown });
    }
  }
  return [...named.values()];
}

/** The last decision on each service, by `<namespace>/<service>`. */
function lastDecisions(previous: Decision | undefined): ReadonlyMap<string, ServiceDecision> {
  return new Map((previous?.services ?? []).map((service) => [qualifiedName(service), service]));
}

/** The last weight of each of the service's replicas; 0 for a new one. Their order seldom changes. */
function lastWeights(service: ServiceEstimate, last: ServiceDecision | undefined): number[] {
  const sameOrder = last !== undefined && service.replicas.every(({ name }, at) => last.replicas[at]?.name === name);
  if (sameOrder) return last.replicas.map(({ weight }) => weight);
  const byName = new Map((last?.replicas ?? []).map(({ name, weight }) => [name, weight]));
  return service.replicas.map(({ name }) => byName.get(name) ?? 0);
}

/** The service's ready replicas, each with its state, its health and what is set by hand. */
function candidateOf(
  service: ServiceEstimate,
  { estimates: nodes, indexOf }: DecidedNodes,
  settings: DecisionSettings,
  before: ReadonlyMap<string, ServiceDecision>,
  now: number,
): Candidate {
  const byHand = new Map(
    settings.manual
      .filter(({ namespace, service: name }) => namespace === service.namespace && name === service.name)
      .filter(({ weight, expiresAt }) => expiresAt > now && weight >= 0)
      .map(({ replica, weight }) => [replica, Math.min(1, weight)]),
  );
  const key = qualifiedName(service);
  const pause = pauseOf(key, settings.pauses ?? [], now);
  const held = pause && heldWeights(key, readyNames(service), pause, byHand);
  const health = judgeHealth(service);
  const state = serviceState(service, settings.parameters);
  const weights = lastWeights(service, before.get(key));
  const replicas: CandidateReplica[] = [];
  for (const [index, estimate] of service.replicas.entries()) {
    const replicaHealth = health[index];
    if (!estimate.ready || !replicaHealth) continue;
    const node = indexOf.get(estimate.node) ?? 0;
    replicas.push({
      estimate,
      state: stateOf(estimate, state, replicaHealth, nodes[node], settings.parameters),
      health: replicaHealth,
      node,
      previous: weights[index] ?? 0,
      manual: byHand.get(estimate.name) ?? held?.get(estimate.name),
      isHeld: held?.has(estimate.name) ?? false,
    });
  }
  const { parameters } = settings;
  return { service, isLearning: state.isLearning, pause, parameters, replicas: scaledToFit(replicas) };
}

function readyNames({ replicas }: ServiceEstimate): string[] {
  return replicas.filter(({ ready }) => ready).map(({ name }) => name);
}

/** Scales weights set by hand when they exceed 1, or when no other replica could take the rest. Weights in force sum to 1. */
function scaledToFit(replicas: readonly CandidateReplica[]): readonly CandidateReplica[] {
  const byHand = replicas.reduce((sum, { manual }) => sum + (manual ?? 0), 0);
  const allByHand = replicas.every(({ manual }) => manual !== undefined);
  const scale = byHand > 1 || allByHand ? (byHand > 0 ? 1 / byHand : Infinity) : 1;
  const inForce = replicas.reduce((sum, { previous }) => sum + previous, 0);
  // Usually there is nothing to scale, and the copy is saved.
  if (scale === 1 && Math.abs(inForce - 1) < 1e-12) return replicas;
  return replicas.map(({ previous, manual, ...replica }) => ({
    ...replica,
    previous: inForce > 0 ? previous / inForce : 1 / replicas.length,
    manual: manual !== undefined && scale === Infinity ? 1 / replicas.length : manual && manual * scale,
  }));
}

/**
 * Each node with the cores of balanced replicas that this decision does not move: those of services that are not decided
 * now, and of replicas that are not ready (they start, crash or end).
 */
function otherLoads(
  nodes: readonly NodeEstimate[],
  services: readonly ServiceEstimate[],
  decided: readonly Candidate[],
): TargetNode[] {
  const moved = new Set(decided.map(({ service }) => service));
  const others = new Map<string, number>();
  for (const service of services) {
    if (service.mode === 'Off') continue;
    // The node's background already contains what they use without requests.
    for (const { node, cpuCores, idleCores, ready } of service.replicas) {
      if (ready && moved.has(service)) continue;
      others.set(node, (others.get(node) ?? 0) + Math.max(0, cpuCores - idleCores));
    }
  }
  const known = nodes.filter(({ cores }) => cores > 0);
  const mean = known.reduce((sum, { cores }) => sum + cores, 0) / Math.max(1, known.length) || 1;
  return nodes.map((node) => ({
    estimate: node.cores > 0 ? node : { ...node, cores: mean },
    otherCores: others.get(node.name) ?? 0,
  }));
}

function hasMoved(service: ServiceDecision): boolean {
  return service.replicas.some(({ weight, previous }) => Math.abs(weight - previous) > 1e-9);
}

function nodeDecision(
  node: NodeEstimate,
  targets: Targets,
  index: number,
  parameters: Parameters,
): Decision['nodes'][number] {
  const { name, cores, busyCores, backgroundCores, stealCores } = node;
  const load = targets.allocation.loads[index] ?? 0;
  const capacity = cores - stealCores;
  return {
    name,
    cores,
    busyCores,
    backgroundCores,
    stealCores,
    predictedUtilisation: capacity > 0 ? load / capacity : 0,
    stale: isStaleNode(node, parameters),
  };
}
