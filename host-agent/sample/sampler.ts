/** One sample: the counters of the node and of its replicas, read at nearly the same time. */
import type { NodeCpu, ReplicaCpu } from '../../contract/report.ts';
import type { NodeSource, ReplicaSource } from './sources.ts';

export interface Sample {
  readonly monotonicMs: number;
  readonly cpu: NodeCpu;
  readonly replicas: ReplicaCpu[];
}

/** A replica that came or went is noticed within this time. */
const MAX_REFRESH_MS = 2000;

export class Sampler {
  #node: NodeSource;
  #replicas: ReplicaSource;
  #monotonicMs: () => number;
  #samplesPerRefresh: number;
  #samples = 0;

  constructor(node: NodeSource, replicas: ReplicaSource, intervalMs: number, monotonicMs: () => number) {
    this.#node = node;
    this.#replicas = replicas;
    this.#monotonicMs = monotonicMs;
    this.#samplesPerRefresh = Math.max(1, Math.floor(MAX_REFRESH_MS / intervalMs) - 1);
  }

  /** Takes a sample; undefined while the node's own counters cannot be read. */
  take(): Sample | undefined {
    if (this.#samples++ % this.#samplesPerRefresh === 0) {
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
