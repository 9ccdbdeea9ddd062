/** The decision: from what is known to the weights in force, each with its reasons. */
import { qualifiedName } from '../../contract/names.ts';
import type { Decision, ServiceDecision } from '../../contract/decision.ts';
import type { NodeEstimate, ServiceEstimate, Snapshot } from '../model/snapshot.ts';
import { boundedSnapshot } from './bounded.ts';
import { withCpuGrants } from './cpu-control.ts';
import { judgeHealth } from './health.ts';
import { explainService } from './service-weights.ts';
import { heldShares, pauseOf } from './pause.ts';
import type { DecisionSettings, Parameters } from './settings.ts';
import { isStaleNode, serviceState, stateOf } from './states.ts';
import { type Candidate, type CandidateReplica, TargetFinder, type TargetNode, type Targets } from './targets.ts';
import { parametersOf } from './weight-bounds.ts';

/** What makes the next decision faster, and changes none: solutions to start from, and the memory that they take. */
export interface DecisionMemory {
  readonly inForce: TargetFinder;
  readonly asThough: TargetFinder;
}

export function createDecisionMemory(): DecisionMemory {
  return { inForce: new TargetFinder(), asThough: new TargetFinder() };
}

/**
 * Decides one tick. Total: whatever the snapshot holds, the weights of each service with a ready replica sum to 1.
 * Services in mode Enforce are decided with the load of all others as it is. Those in mode Observe are decided as
 * though all were enforced together, which is what enforcing them would bring.
 *
 * @param previous the decision in force, which damping starts from; undefined at the start
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
  const nodeIndex = new Map(known.map((node, index) => [node.name, index]));
  const before = lastDecisions(previous);
  const elapsedMs = previous ? now - previous.at : 0;
  const candidates = services.map((service) => {
    const ready = service.replicas.filter((replica) => replica.ready).length;
    const own = { ...settings, parameters: parametersOf(service, parameters, ready, elapsedMs) };
    return candidateOf(service, known, nodeIndex, own, before, now);
  });
  const decided = (candidate: Candidate): boolean =>
    candidate.replicas.length > 0 && candidate.service.mode !== 'Off' && !candidate.isLearning;
  const enforced = candidates.filter((candidate) => decided(candidate) && candidate.service.mode === 'Enforce');
  const observed = candidates.filter((candidate) => decided(candidate) && candidate.service.mode === 'Observe');
  const inForce = memory.inForce.find(enforced, otherLoads(known, services, enforced), parameters);
  const together = [...enforced, ...observed];
  const asThough =
    observed.length > 0 ? memory.asThough.find(together, otherLoads(known, services, together), parameters) : undefined;
  const indexOf = new Map(together.map((candidate, index) => [candidate, index]));
  const decisions = candidates.map((candidate) => {
    const targets = candidate.service.mode === 'Observe' ? asThough : inForce;
    return explainService(candidate, targets, indexOf.get(candidate) ?? -1, known, nodeIndex);
  });
  return {
    tick: previous ? previous.tick + 1 : 0,
    at: now,
    certificate: Math.max(inForce.allocation.certificate, asThough?.allocation.certificate ?? 0),
    changed: previous === undefined || decisions.some((service) => hasMoved(service)),
    nodes: known.map((node, index) => nodeDecision(node, inForce, index, parameters)),
    services: withCpuGrants(decisions, services, known, previous),
  };
}

/** The nodes of the snapshot, and those that only a replica names; capacities that are not known are guessed. */
function allNodes(nodes: readonly NodeEstimate[], services: readonly ServiceEstimate[]): NodeEstimate[] {
  const named = new Map(nodes.map((node) => [node.name, node]));
  for (const { replicas } of services) {
    for (const { node } of replicas) {
      if (named.has(node)) continue;
      const unheard = { cores: 0, busyCores: 0, backgroundCores: 0, stealCores: 0, ageMs: Number.MAX_SAFE_INTEGER };
      named.set(node, { name: node, ...unheard });
    }
  }
  return [...named.values()];
}

/** What was decided last of each service, by `<namespace>/<service>`. */
function lastDecisions(previous: Decision | undefined): ReadonlyMap<string, ServiceDecision> {
  return new Map((previous?.services ?? []).map((service) => [qualifiedName(service), service]));
}

/** The last weight of each of the service's replicas, 0 where it had none. They seldom change their places. */
function lastWeights(service: ServiceEstimate, last: ServiceDecision | undefined): number[] {
  const sameOrder = last !== undefined && service.replicas.every(({ name }, at) => last.replicas[at]?.name === name);
  if (sameOrder) return last.replicas.map(({ weight }) => weight);
  const byName = new Map((last?.replicas ?? []).map(({ name, weight }) => [name, weight]));
  return service.replicas.map(({ name }) => byName.get(name) ?? 0);
}

/** The service's ready replicas with all that is known of each. */
function candidateOf(
  service: ServiceEstimate,
  nodes: readonly NodeEstimate[],
  nodeIndex: ReadonlyMap<string, number>,
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
  const held = pause && heldShares(key, readyNames(service), pause, byHand);
  const health = judgeHealth(service);
  const state = serviceState(service, settings.parameters);
  const weights = lastWeights(service, before.get(key));
  const replicas: CandidateReplica[] = [];
  for (const [index, estimate] of service.replicas.entries()) {
    const own = health[index];
    if (!estimate.ready || !own) continue;
    const node = nodeIndex.get(estimate.node) ?? 0;
    replicas.push({
      estimate,
      state: stateOf(estimate, state, own, nodes[node], settings.parameters),
      health: own,
      node,
      previous: weights[index] ?? 0,
      manual: byHand.get(estimate.name) ?? held?.get(estimate.name),
      isHeld: held?.has(estimate.name) ?? false,
    });
  }
  const { parameters } = settings;
  return { service, isLearning: state.isLearning, pause, parameters, replicas: withSharesThatFit(replicas) };
}

function readyNames({ replicas }: ServiceEstimate): string[] {
  return replicas.filter(({ ready }) => ready).map(({ name }) => name);
}

/** Weights by hand that exceed 1 together, or that leave the rest to nobody, are scaled; those in force sum to 1. */
function withSharesThatFit(replicas: readonly CandidateReplica[]): readonly CandidateReplica[] {
  const byHand = replicas.reduce((sum, { manual }) => sum + (manual ?? 0), 0);
  const allByHand = replicas.every(({ manual }) => manual !== undefined);
  const scale = byHand > 1 || allByHand ? (byHand > 0 ? 1 / byHand : Infinity) : 1;
  const inForce = replicas.reduce((sum, { previous }) => sum + previous, 0);
  // Most often nothing is to be scaled, and a copy of all replicas is saved.
  if (scale === 1 && Math.abs(inForce - 1) < 1e-12) return replicas;
  return replicas.map(({ previous, manual, ...replica }) => ({
    ...replica,
    previous: inForce > 0 ? previous / inForce : 1 / replicas.length,
    manual: manual !== undefined && scale === Infinity ? 1 / replicas.length : manual && manual * scale,
  }));
}

/**
 * Each node with the cores that balanced replicas use on it and that no weight decided now will move: those of services
 * that are not decided, and of replicas that are not ready (they start, crash or end).
 */
function otherLoads(
  nodes: readonly NodeEstimate[],
  services: readonly ServiceEstimate[],
  decided: readonly Candidate[],
): TargetNode[] {
  const names = new Set(decided.map(({ service }) => service));
  const others = new Map<string, number>();
  for (const service of services) {
    if (service.mode === 'Off') continue;
    // What they use without requests is in the node's background already.
    for (const { node, cpuCores, idleCores, ready } of service.replicas) {
      if (ready && names.has(service)) continue;
      others.set(node, (others.get(node) ?? 0) + Math.max(0, cpuCores - idleCores));
    }
  }
  const heard = nodes.filter(({ cores }) => cores > 0);
  const mean = heard.reduce((sum, { cores }) => sum + cores, 0) / Math.max(1, heard.length) || 1;
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
