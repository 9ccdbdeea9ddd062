/** Ports: where the CPU counters of the replicas and of the node come from. */
import type { NodeCpu, ReplicaCpu } from '../../contract/report.ts';

/** The replicas on this node. */
export interface ReplicaSource {
  /** Looks for replicas that came and went, and reads what changes rarely. Called about every two seconds. */
  refresh(): void;
  /** Reads every replica's counters; a replica that is gone is left out. */
  sample(): ReplicaCpu[];
  close(): void;
}

/** The node as a whole. */
export interface NodeSource {
  refresh(): void;
  /** Reads the node's counters; undefined while they cannot be read. */
  sample(): NodeCpu | undefined;
  close(): void;
}
