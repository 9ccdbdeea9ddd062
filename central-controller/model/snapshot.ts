/** Topology and estimates at one moment: the whole input of a decision. All numbers are finite. */
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
  /** Busy cores that no weight moves. */
  readonly backgroundCores: number;
  readonly stealCores: number;
  /** Since the agent's last report; `NEVER_MS` without one. */
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
  /** Absent: the limits of all services hold. */
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
  /** Since its own proxy or a caller last reported on it; `NEVER_MS` when none has. */
  readonly ageMs: number;
  /** Requests that the estimates below rest on; old ones count less. */
  readonly evidence: number;
  readonly cpuPerRequestSeconds: number;
  /** Standard error of `cpuPerRequestSeconds`. */
  readonly cpuPerRequestDeviation: number;
  readonly requestsPerSecond: number;
  readonly cpuCores: number;
  /** The part of `cpuCores` that it uses without requests. It is in its node's `backgroundCores`, too. */
  readonly idleCores: number;
  /** CPU limit in cores, declared or seen by throttling; undefined: the node is the only limit. */
  readonly limitCores?: number;
  /** CPU request in cores: what its node gives it even when CPU is short; undefined: there is none. */
  readonly requestCores?: number;
  readonly inFlight: number;
  readonly meanInFlight: number;
  readonly meanLatencySeconds: number;
  /** Latency that neither CPU nor waiting for CPU explains. */
  readonly nonCpuSeconds: number;
  /** Standard error of `nonCpuSeconds`, from the spread of its samples. */
  readonly nonCpuDeviation: number;
  /** Requests that `nonCpuSeconds` rests on. Those on a busy node, and old ones, count less. */
  readonly nonCpuEvidence: number;
  readonly failureRatio: number;
}

/** The age of what was never seen: a day, so that ages are always finite. */
export const NEVER_MS = 86_400_000;
