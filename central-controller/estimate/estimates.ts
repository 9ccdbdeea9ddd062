/** All that the estimator remembers: plain data, bounded by what the topology holds. */
import type { Topology } from '../model/topology.ts';
import type { CostMemory } from './cost-memory.ts';
import type { DecayedRatio } from './decayed-ratio.ts';
import type { NonCpuMemory } from './non-cpu-latency.ts';
import type { IdleMemory } from './idle-cpu.ts';
import type { NodeMemory } from './node-memory.ts';

/** Owned by the caller; changed in place by `observe` and `snapshot`. */
export interface Estimates {
  readonly nodes: Map<string, NodeMemory>;
  /** By `<namespace>/<pod>`. */
  readonly replicas: Map<string, ReplicaMemory>;
  /** Key in `replicas` of each balanced pod, by its UID. */
  readonly podOfUid: Map<string, string>;
  topology: Topology | undefined;
}

export interface ReplicaMemory {
  uid: string;
  node: string;
  /** From when on its CPU is that of its work, ms: before, it starts. Infinity while it is not ready. */
  settledAt: number;
  cpuCores: number;
  /** CPU seconds, and the time in which they were used, that no count of requests has been set against yet. */
  unmatchedCpuSeconds: number;
  unmatchedSeconds: number;
  /** Requests that callers counted and no CPU has been set against yet; unused while the replica's own proxy counts. */
  unmatchedRequests: number;
  declaredLimitCores: number | undefined;
  throttled: { cores: number; at: number } | undefined;
  readonly cost: CostMemory;
  readonly idle: IdleMemory;
  /** Seconds in flight per request. */
  readonly latency: DecayedRatio;
  readonly hidden: NonCpuMemory;
  /** Seconds in flight since the last request ended. */
  unfinishedSeconds: number;
  readonly failures: DecayedRatio;
  requestsPerSecond: number;
  inFlight: number;
  meanInFlight: number;
  /** When the replica's own proxy counted last, ms; -Infinity when it never has. */
  servedAt: number;
  /** Rates that single callers saw, by `<namespace>/<pod>` of the caller. */
  readonly callers: Map<string, { requestsPerSecond: number; at: number }>;
}
