/** The result of a run: the input of table, summary, verdict and picture. Plain values that fit into JSON. */

/** The balancer: Istio's default (LEAST_REQUEST in every sidecar), or Ballast. */
export type Balancer = 'default' | 'ballast';

export interface LatencyPercentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/**
 * A part of the run with one balancer and the neighbour either on or off. Times count from the start of the run.
 */
export interface Phase {
  readonly name: Balancer;
  /** From 0. Phases of the same round follow each other directly and are compared with each other. */
  readonly round: number;
  readonly neighbour: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** Requests that were due in the phase, including failed ones. */
  readonly requests: number;
  readonly failed: number;
  /**
   * Over all requests due in the phase after its first seconds, in which the queues of the phase before drain. From a
   * merged histogram, not a mean of percentiles.
   */
  readonly latency: LatencyPercentiles;
}

/** Latency of the requests due within one second of the run. Seconds without a request are left out. */
export interface LatencyPoint {
  readonly atMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** CPU of one node over the run: used cores over the node's cores, including the neighbour, so about 0 to 1. */
export interface NodeCpuSeries {
  readonly node: string;
  readonly points: readonly { readonly atMs: number; readonly utilisation: number }[];
}

export interface MeasuredRun {
  readonly phases: readonly Phase[];
  readonly latency: readonly LatencyPoint[];
  readonly nodes: readonly NodeCpuSeries[];
  /** Node of the neighbour, which the picture marks. */
  readonly neighbourNode?: string;
  /** One line below the picture's title, for example `120 requests/s, 4 nodes, 24 replicas`. */
  readonly setting?: string;
}
