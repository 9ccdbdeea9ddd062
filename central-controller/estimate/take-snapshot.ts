/** The estimates at one moment, with the topology. */
import type { ReplicaTopology, ServiceTopology, Topology } from '../model/topology.ts';
import {
  NEVER_MS,
  type NodeEstimate,
  type ReplicaEstimate,
  type ServiceEstimate,
  type Snapshot,
} from '../model/snapshot.ts';
import { ownCosts } from './cost-memory.ts';
import { evidenceAt, meanOf } from './decayed-ratio.ts';
import { COLUMN, type Estimates } from './estimates.ts';
import { followTopology } from './estimator.ts';
import { type IdleCpu, idleCpu } from './idle-cpu.ts';
import { currentLoad } from './node-load.ts';
import { nonCpuLatency } from './non-cpu-latency.ts';
import { poolCosts } from './pooled-cost.ts';
import { FAILURES_MS } from './requests.ts';

/** Requests that count as succeeded before any was seen: a few failures are no rate, and old ones fade. */
const PRIOR_REQUESTS = 5;

/** A replica that was throttled counts as limited for this long. */
const THROTTLED_MS = 10_000;

/** Without new counts a rate holds for this long, and then fades. */
const RATE_HELD_MS = 4_000;
const RATE_FADES_MS = 5_000;

/** @param now controller's clock, ms */
export function snapshot(estimates: Estimates, topology: Topology, now: number): Snapshot {
  followTopology(estimates, topology);
  const services = topology.services.map((service) => serviceEstimate(estimates, service, now));
  const idle = new Map<string, number>();
  for (const { mode, replicas } of services) {
    if (mode === 'Off') continue;
    for (const { node, idleCores } of replicas) {
      if (idleCores > 0) idle.set(node, (idle.get(node) ?? 0) + idleCores);
    }
  }
  const nodes = topology.nodes.map(({ name }) => nodeEstimate(estimates, name, idle.get(name) ?? 0, now));
  return { at: now, nodes, services };
}

/** @param idleCores what the balanced replicas there use without requests: no weight moves it */
function nodeEstimate({ nodes }: Estimates, name: string, idleCores: number, now: number): NodeEstimate {
  const memory = nodes.get(name);
  const { cores, busyCores, backgroundCores, stealCores } = currentLoad(memory);
  const ageMs = memory ? age(now, memory.at) : NEVER_MS;
  return { name, cores, busyCores, backgroundCores: backgroundCores + idleCores, stealCores, ageMs };
}

function serviceEstimate(estimates: Estimates, service: ServiceTopology, now: number): ServiceEstimate {
  const { namespace, name, mode, objective, shareWeight, cpuControl, limits } = service;
  const rows = estimates.services.get(service);
  if (rows === undefined) throw new Error(`the estimates do not follow the topology of ${namespace}/${name}`);
  const { values } = estimates.replicas;
  const { costs } = estimates;
  const idle = idleCpu(values, rows.idle);
  ownCosts(values, rows.cost, idle, now, costs);
  nominalSpeeds(estimates, service);
  poolCosts(costs);
  let requestsPerSecond = 0;
  const replicas = service.replicas.map((replica, index) => {
    const cost = {
      seconds: costs.pooled[index] ?? 0,
      deviation: costs.deviation[index] ?? 0,
      evidence: costs.counted[index] ?? 0,
    };
    const estimate = replicaEstimate(values, rows.all[index] ?? 0, replica, cost, idle, now);
    requestsPerSecond += estimate.requestsPerSecond;
    return estimate;
  });
  return {
    namespace,
    name,
    mode,
    objective,
    shareWeight,
    ...(cpuControl && { cpuControl }),
    ...(limits && { limits }),
    requestsPerSecond,
    replicas,
  };
}

/** Fills `costs.speed`. Where one node's speed is not known, none counts: there is nothing to compare it with. */
function nominalSpeeds({ nodes, costs }: Estimates, { replicas }: ServiceTopology): void {
  let sum = 0;
  let isKnown = replicas.length > 0;
  for (const [index, { node }] of replicas.entries()) {
    const speed = nodes.get(node)?.nominalSpeed ?? 0;
    costs.speed[index] = speed;
    sum += speed;
    isKnown &&= speed > 0;
  }
  const mean = sum / replicas.length;
  for (let index = 0; index < replicas.length; index++) {
    costs.speed[index] = isKnown ? (costs.speed[index] ?? 0) / mean : 1;
  }
}

interface ReplicaCost {
  readonly seconds: number;
  readonly deviation: number;
  readonly evidence: number;
}

function replicaEstimate(
  values: Float64Array,
  row: number,
  replica: ReplicaTopology,
  cost: ReplicaCost,
  idle: IdleCpu,
  now: number,
): ReplicaEstimate {
  const { name, node, ready, since, requestCores } = replica;
  const ageMs = age(now, Math.max(values[row + COLUMN.servedAt] ?? 0, values[row + COLUMN.calledAt] ?? 0));
  const fading = ageMs > RATE_HELD_MS ? Math.exp(-(ageMs - RATE_HELD_MS) / RATE_FADES_MS) : 1;
  const cpuCores = values[row + COLUMN.cpuCores] ?? 0;
  const nonCpu = nonCpuLatency(values, row + COLUMN.nonCpu, cost.seconds, now);
  const requests = evidenceAt(values, row + COLUMN.failures, FAILURES_MS, now);
  const limitCores = limitOf(values, row, replica, now);
  return {
    name,
    node,
    ready,
    knownForMs: Math.max(0, now - since),
    ageMs,
    evidence: cost.evidence,
    cpuPerRequestSeconds: cost.seconds,
    cpuPerRequestDeviation: cost.deviation,
    requestsPerSecond: (values[row + COLUMN.requestsPerSecond] ?? 0) * fading,
    cpuCores,
    idleCores: Math.min(idle.cores, cpuCores),
    inFlight: values[row + COLUMN.inFlight] ?? 0,
    meanInFlight: values[row + COLUMN.meanInFlight] ?? 0,
    meanLatencySeconds: meanOf(values, row + COLUMN.latency),
    nonCpuSeconds: nonCpu.nonCpuSeconds,
    nonCpuDeviation: nonCpu.nonCpuDeviation,
    nonCpuEvidence: nonCpu.nonCpuEvidence,
    failureRatio: (requests * meanOf(values, row + COLUMN.failures)) / (requests + PRIOR_REQUESTS),
    ...(limitCores !== undefined && { limitCores }),
    ...(requestCores !== undefined && { requestCores }),
  };
}

/** The least of the declared limits; without one, what a throttled replica used. */
function limitOf(values: Float64Array, row: number, replica: ReplicaTopology, now: number): number | undefined {
  const declared = values[row + COLUMN.declaredLimitCores] ?? 0;
  const { limitCores } = replica;
  if (declared > 0) return Math.min(declared, limitCores ?? Infinity);
  if (limitCores !== undefined) return limitCores;
  const isThrottled = age(now, values[row + COLUMN.throttledAt] ?? 0) < THROTTLED_MS;
  return isThrottled ? (values[row + COLUMN.throttledCores] ?? 0) : undefined;
}

/** Time since `at`, finite also for what never was. */
function age(now: number, at: number): number {
  return Math.min(NEVER_MS, Math.max(0, now - at));
}
