/** One sample: the node's counters and its replicas', read as close together in time as can be. */
import type { NodeCpu, ReplicaCpu } from '../../contract/report.ts';
import type { NodeSource, ReplicaSource } from './sources.ts';

export interface Sample {
  readonly monotonicMs: number;
  readonly cpu: NodeCpu;
  readonly replicas: ReplicaCpu[];
}

/** Replicas that came or went are to be noticed within this time. */
const NOTICE_MS = 2000;

export class Sampler {
  #node: NodeSource;
  #replicas: ReplicaSource;
  #monotonicMs: () => number;
  #refreshEvery: number;
  #samples = 0;

  constructor(node: NodeSource, replicas: ReplicaSource, intervalMs: number, monotonicMs: () => number) {
    this.#node = node;
    this.#replicas = replicas;
    this.#monotonicMs = monotonicMs;
    this.#refreshEvery = Math.max(1, Math.floor(NOTICE_MS / intervalMs) - 1);
  }

  /** Takes a sample; undefined while the node's own figures cannot be had. */
  take(): Sample | undefined {
    if (this.#samples++ % this.#refreshEvery === 0) {
      this.#node.refresh();
      this.#replicas.refresh();
    }
    const monotonicMs = this.#monotonicMs();
    const cpu = this.#node.sample();
    const replicas = this.#replicas.sample();
    return cpu && { monotonicMs, cpu, replicas };
  }

  close(): void {
    this.#node.close();
    this.#replicas.close();
  }
}
