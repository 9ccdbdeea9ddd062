/** Ports between what is measured and how: where replicas' and the node's CPU figures come from. */
import type { NodeCpu, ReplicaCpu } from '../../contract/report.ts';

/** The replicas on this node. */
export interface ReplicaSource {
  /** Looks for replicas that came and went, and reads what changes seldom. Called every two seconds or so. */
  refresh(): void;
  /** Reads every replica's counters; a replica that is gone is left out. */
  sample(): ReplicaCpu[];
  close(): void;
}

/** The node as a whole. */
export interface NodeSource {
  refresh(): void;
  /** Reads the node's counters; undefined while there is nothing to be read. */
  sample(): NodeCpu | undefined;
  close(): void;
}
