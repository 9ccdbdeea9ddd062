/** Folds windows into what is remembered, and that with the topology into a snapshot. */
import type { ReplicaTopology, ServiceTopology, Topology } from '../model/topology.ts';
import type { NodeWindow, Window } from '../model/windows.ts';
import { qualifiedName, serviceOfKey } from '../../contract/names.ts';
import { costEvidence, costMemory, ownCosts } from './cost-memory.ts';
import { decayedRatio, evidenceAt, meanOf } from './decayed-ratio.ts';
import type { Estimates, ReplicaMemory } from './estimates.ts';
import { nonCpuLatency, nonCpuMemory } from './non-cpu-latency.ts';
import { type IdleCpu, idleCpu, idleMemory } from './idle-cpu.ts';
import { currentLoad, SAMPLES } from './node-load.ts';
import { type Cost, pooledCosts } from './pooled-cost.ts';
import { observeCalled, observeServed, OWN_PROXY_MS } from './requests.ts';
import {
  NEVER_MS,
  type NodeEstimate,
  type ReplicaEstimate,
  type ServiceEstimate,
  type Snapshot,
} from '../model/snapshot.ts';

const LATENCY_MS = 5_000;
const FAILURES_MS = 10_000;
const CPU_SECONDS = 1;

/** Requests that are taken to have succeeded before any was seen: a few failures are no rate, and old ones fade. */
const PRIOR_REQUESTS = 5;

/** Throttled for this part of a window, a replica is at its limit; that is believed for so long. */
const THROTTLED_PART = 0.1;
const THROTTLED_MS = 10_000;

/** So long after it is ready a replica still compiles, fills caches and opens connections. */
const SETTLES_MS = 15_000;

/** A rate is carried on for so long without new counts, and then fades. */
const RATE_HELD_MS = 4_000;
const RATE_FADES_MS = 5_000;

export function createEstimates(): Estimates {
  return { nodes: new Map(), replicas: new Map(), podOfUid: new Map(), topology: undefined };
}

/** Takes one window in. Windows of one source come in order; those of different sources in any. */
export function observe(estimates: Estimates, window: Window): void {
  switch (window.kind) {
    case 'node':
      return observeNode(estimates, window);
    case 'served': {
      const memory = estimates.replicas.get(qualifiedName({ namespace: window.namespace, name: window.replica }));
      return memory && observeServed(memory, window, estimates.nodes.get(memory.node));
    }
    case 'called': {
      const memory = estimates.replicas.get(`${serviceOfKey(window.service).namespace}/${window.replica}`);
      return memory && observeCalled(memory, window, estimates.nodes.get(memory.node));
    }
  }
}

/**
 * What is known at `now` (controller's clock, ms). The estimator learns from the topology which pod is which replica,
 * and forgets what the topology no longer holds; windows of pods it does not know yet are lost.
 */
export function snapshot(estimates: Estimates, topology: Topology, now: number): Snapshot {
  if (estimates.topology !== topology) follow(estimates, topology);
  const services = topology.services.map((service) => serviceEstimate(estimates, service, now));
  const idle = new Map<string, number>();
  for (const { mode, replicas } of services) {
    if (mode === 'Off') continue;
    for (const { node, idleCores } of replicas) idle.set(node, (idle.get(node) ?? 0) + idleCores);
  }
  const nodes = topology.nodes.map(({ name }) => nodeEstimate(estimates, name, idle.get(name) ?? 0, now));
  return { at: now, nodes, services };
}

/**
 * Services, `<namespace>/<name>`, that have a ready replica whose own proxy does not report: for these, callers' counts
 * are needed.
 *
 * @param since replicas that became known later may still get a proxy
 */
export function servicesWithoutProxies(estimates: Estimates, topology: Topology, since: number, now: number) {
  const found = new Set<string>();
  for (const service of topology.services) {
    if (service.mode === 'Off') continue;
    const { namespace } = service;
    const isMissing = service.replicas.some(({ name, ready, since: knownSince }) => {
      if (!ready || knownSince > since) return false;
      const memory = estimates.replicas.get(qualifiedName({ namespace, name }));
      return memory !== undefined && now - memory.servedAt > OWN_PROXY_MS;
    });
    if (isMissing) found.add(qualifiedName(service));
  }
  return found;
}

function follow(estimates: Estimates, topology: Topology): void {
  estimates.topology = topology;
  estimates.podOfUid.clear();
  const kept = new Set<string>();
  for (const { namespace, mode, replicas } of topology.services) {
    for (const { name, uid, node, ready, since } of replicas) {
      const key = qualifiedName({ namespace, name });
      kept.add(key);
      if (mode !== 'Off') estimates.podOfUid.set(uid, key);
      const known = estimates.replicas.get(key);
      const settledAt = ready ? since + SETTLES_MS : Infinity;
      // A pod of the same name that was made anew runs the same program: its cost is kept, its health is not.
      if (known?.uid !== uid) {
        const kept = known && { cost: known.cost, idle: known.idle };
        estimates.replicas.set(key, { ...newReplica(uid, node), ...kept, settledAt });
      } else {
        known.settledAt = settledAt;
      }
    }
  }
  for (const key of estimates.replicas.keys()) if (!kept.has(key)) estimates.replicas.delete(key);
  const nodes = new Set(topology.nodes.map(({ name }) => name));
  for (const name of estimates.nodes.keys()) if (!nodes.has(name)) estimates.nodes.delete(name);
}

function newReplica(uid: string, node: string): ReplicaMemory {
  return {
    uid,
    node,
    settledAt: Infinity,
    cpuCores: 0,
    unmatchedCpuSeconds: 0,
    unmatchedSeconds: 0,
    unmatchedRequests: 0,
    declaredLimitCores: undefined,
    throttled: undefined,
    cost: costMemory(),
    idle: idleMemory(),
    latency: decayedRatio(LATENCY_MS),
    hidden: nonCpuMemory(),
    unfinishedSeconds: 0,
    failures: decayedRatio(FAILURES_MS),
    requestsPerSecond: 0,
    inFlight: 0,
    meanInFlight: 0,
    servedAt: -Infinity,
    callers: new Map(),
  };
}

function observeNode(estimates: Estimates, window: NodeWindow): void {
  const { seconds } = window;
  if (!(seconds > 0)) return;
  let balanced = 0;
  for (const { uid, cpuSeconds, throttledSeconds, limitCores, grantedCores } of window.replicas) {
    const memory = estimates.replicas.get(estimates.podOfUid.get(uid) ?? '');
    if (!memory) continue;
    const cores = cpuSeconds / seconds;
    balanced += cores;
    memory.cpuCores += (cores - memory.cpuCores) * (1 - Math.exp(-seconds / CPU_SECONDS));
    memory.unmatchedCpuSeconds += cpuSeconds;
    memory.unmatchedSeconds += seconds;
    memory.declaredLimitCores = limitCores;
    // A limit that Ballast set must not come back as one of the replica's own, or each would be derived from the last.
    if (grantedCores === undefined && throttledSeconds > THROTTLED_PART * seconds) {
      memory.throttled = { cores: Math.max(cores, memory.cpuCores), at: window.at };
    }
  }
  const node = estimates.nodes.get(window.node) ?? { samples: [], at: window.at };
  estimates.nodes.set(window.node, node);
  node.at = window.at;
  node.samples.push({
    seconds,
    cores: window.cores,
    busyCores: window.busySeconds / seconds,
    backgroundCores: window.busySeconds / seconds - balanced,
    stealCores: window.stealSeconds / seconds,
  });
  if (node.samples.length > SAMPLES) node.samples.shift();
}

/** @param idleCores what the balanced replicas there use without requests: no weight moves it */
function nodeEstimate(estimates: Estimates, name: string, idleCores: number, now: number): NodeEstimate {
  const memory = estimates.nodes.get(name);
  const load = currentLoad(memory?.samples ?? []);
  const ageMs = memory ? age(now, memory.at) : NEVER_MS;
  return { name, ...load, backgroundCores: load.backgroundCores + idleCores, ageMs };
}

function serviceEstimate(estimates: Estimates, service: ServiceTopology, now: number): ServiceEstimate {
  const { namespace, name, mode, objective, shareWeight } = service;
  const memories = service.replicas.map(
    (replica) =>
      estimates.replicas.get(qualifiedName({ namespace, name: replica.name })) ?? newReplica(replica.uid, replica.node),
  );
  const idle = idleCpu(memories.map((memory) => memory.idle));
  const costs = pooledCosts(
    ownCosts(
      memories.map(({ cost }) => cost),
      idle,
      now,
    ),
  );
  const replicas = service.replicas.map((replica, index) =>
    replicaEstimate(replica, memories[index] ?? newReplica(replica.uid, replica.node), costs[index], idle, now),
  );
  const requestsPerSecond = replicas.reduce((sum, replica) => sum + replica.requestsPerSecond, 0);
  const control = service.cpuControl && { cpuControl: service.cpuControl };
  const limits = service.limits && { limits: service.limits };
  return { namespace, name, mode, objective, shareWeight, ...control, ...limits, requestsPerSecond, replicas };
}

function replicaEstimate(
  replica: ReplicaTopology,
  memory: ReplicaMemory,
  cost: Cost | undefined,
  idle: IdleCpu,
  now: number,
): ReplicaEstimate {
  const limits = [replica.limitCores, memory.declaredLimitCores].filter((limit) => limit !== undefined);
  if (limits.length === 0 && memory.throttled && age(now, memory.throttled.at) < THROTTLED_MS) {
    limits.push(memory.throttled.cores);
  }
  const lastSeen = Math.max(memory.servedAt, ...[...memory.callers.values()].map(({ at }) => at));
  const ageMs = age(now, lastSeen);
  const failed = evidenceAt(memory.failures, now) * meanOf(memory.failures);
  return {
    name: replica.name,
    node: replica.node,
    ready: replica.ready,
    knownForMs: Math.max(0, now - replica.since),
    ageMs,
    evidence: costEvidence(memory.cost, now),
    cpuPerRequestSeconds: cost?.seconds ?? 0,
    cpuPerRequestDeviation: cost?.deviation ?? 0,
    requestsPerSecond: memory.requestsPerSecond * Math.exp(-Math.max(0, ageMs - RATE_HELD_MS) / RATE_FADES_MS),
    cpuCores: memory.cpuCores,
    idleCores: Math.min(idle.cores, memory.cpuCores),
    ...(limits.length > 0 && { limitCores: Math.min(...limits) }),
    ...(replica.requestCores !== undefined && { requestCores: replica.requestCores }),
    inFlight: memory.inFlight,
    meanInFlight: memory.meanInFlight,
    meanLatencySeconds: meanOf(memory.latency),
    ...nonCpuLatency(memory.hidden, cost?.seconds ?? 0, now),
    failureRatio: failed / (evidenceAt(memory.failures, now) + PRIOR_REQUESTS),
  };
}

/** Time since `at`, bounded so that "never" is a plain number. */
function age(now: number, at: number): number {
  return Math.min(NEVER_MS, Math.max(0, now - at));
}
