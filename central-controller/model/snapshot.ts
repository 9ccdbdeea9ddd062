/** What is known of the cluster at one instant: all that a decision may depend on. Finite numbers only. */
import type { Mode } from './topology.ts';
import type { CpuControl } from '../../contract/assignment.ts';
import type { PolicyLimits } from '../../contract/policy.ts';

export interface Snapshot {
  /** Controller's clock, ms. */
  readonly at: number;
  readonly nodes: readonly NodeEstimate[];
  readonly services: readonly ServiceEstimate[];
}

export interface NodeEstimate {
  readonly name: string;
  /** 0 until the node's agent has reported. */
  readonly cores: number;
  readonly busyCores: number;
  /** Busy, but not with requests of balanced replicas. */
  readonly backgroundCores: number;
  readonly stealCores: number;
  /** Since the agent was last heard; `NEVER_MS` when it never was. */
  readonly ageMs: number;
}

export interface ServiceEstimate {
  readonly namespace: string;
  readonly name: string;
  readonly mode: Mode;
  readonly objective: 'delay' | 'level';
  readonly shareWeight: number;
  /** Absent: the replicas' CPU settings are left alone. */
  readonly cpuControl?: CpuControl;
  /** Absent: weights are bounded as those of all services are. */
  readonly limits?: PolicyLimits;
  readonly requestsPerSecond: number;
  readonly replicas: readonly ReplicaEstimate[];
}

export interface ReplicaEstimate {
  readonly name: string;
  readonly node: string;
  readonly ready: boolean;
  /** Since it became known, ms. */
  readonly knownForMs: number;
  /** Since its own proxy or a caller last counted for it; `NEVER_MS` when none has. */
  readonly ageMs: number;
  /** Requests that the figures below rest on; old ones count less and less. */
  readonly evidence: number;
  readonly cpuPerRequestSeconds: number;
  /** Standard error of `cpuPerRequestSeconds`. */
  readonly cpuPerRequestDeviation: number;
  readonly requestsPerSecond: number;
  readonly cpuCores: number;
  /** The part of `cpuCores` that it uses without requests, and that is in its node's `backgroundCores`. */
  readonly idleCores: number;
  /** CPU limit of the replica in cores, declared or seen by its throttling; undefined: the node is its only limit. */
  readonly limitCores?: number;
  /** CPU that its node gives it even when others want all of it, cores; undefined: nothing is promised. */
  readonly requestCores?: number;
  readonly inFlight: number;
  readonly meanInFlight: number;
  readonly meanLatencySeconds: number;
  /** Latency that neither CPU nor waiting for CPU explains. */
  readonly nonCpuSeconds: number;
  /** Standard error of `nonCpuSeconds`, by the spread of its samples. */
  readonly nonCpuDeviation: number;
  /** Requests that `nonCpuSeconds` rests on: fewer the busier the node was then, and the longer ago. */
  readonly nonCpuEvidence: number;
  readonly failureRatio: number;
}

/** An age that stands for "never heard": a day, so that it stays a plain number everywhere. */
export const NEVER_MS = 86_400_000;
