/** What a run of the demo measured: the input of table, summary, verdict and picture. Plain values, JSON-safe. */

/** Who balanced: Istio's default (LEAST_REQUEST in every sidecar), or Ballast. */
export type Balancer = 'default' | 'ballast';

export interface LatencyPercentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

/**
 * A stretch of the run under one balancer, with the neighbour on or off throughout. Times count from the run's start.
 */
export interface Phase {
  readonly name: Balancer;
  /** 0, 1, 2 …: phases of the same round were measured right after each other and are compared with each other. */
  readonly round: number;
  readonly neighbour: boolean;
  readonly startMs: number;
  readonly endMs: number;
  /** Requests that were due in the phase, the failed ones included. */
  readonly requests: number;
  readonly failed: number;
  /**
   * Over all requests due in the phase after its first seconds, in which what the phase before left in queues is worked
   * off (from a merged histogram, not a mean of percentiles).
   */
  readonly latency: LatencyPercentiles;
}

/** Latency of the requests due within one step (a second) of the run. Steps without a request are left out. */
export interface LatencyPoint {
  readonly atMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** CPU of one node over the run: used cores over the cores it has, neighbour included, so about 0 to 1. */
export interface NodeCpuSeries {
  readonly node: string;
  readonly points: readonly { readonly atMs: number; readonly utilisation: number }[];
}

export interface MeasuredRun {
  readonly phases: readonly Phase[];
  readonly latency: readonly LatencyPoint[];
  readonly nodes: readonly NodeCpuSeries[];
  /** Node on which the neighbour runs; the picture marks it. */
  readonly neighbourNode?: string;
  /** One line below the picture's title, for example `120 requests/s, 4 nodes, 24 replicas`. */
  readonly setting?: string;
}
