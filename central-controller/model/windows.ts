/** Differences of reports: amounts within a window of time. The input of the estimator. */

export interface NodeWindow {
  readonly node: string;
  /** Controller's clock when the window ended, ms. */
  readonly at: number;
  /** Length of the window, seconds, by the agent's monotonic clock. */
  readonly seconds: number;
  readonly cores: number;
  readonly busySeconds: number;
  readonly stealSeconds: number;
  /** GHz of its cores by their data sheet; absent where it is not known. */
  readonly nominalSpeed?: number;
  readonly replicas: readonly ReplicaWindow[];
}

export interface ReplicaWindow {
  readonly uid: string;
  readonly cpuSeconds: number;
  readonly throttledSeconds: number;
  readonly limitCores?: number;
  /** Quota set by Ballast. Throttling by it shows no limit of the replica's own. */
  readonly grantedCores?: number;
}

/** What a replica's own sidecar counted in a window, whose length differs from the node's. */
export interface ServedWindow {
  readonly namespace: string;
  readonly replica: string;
  readonly at: number;
  readonly seconds: number;
  readonly requests: number;
  readonly failures: number;
  /** Requests in flight at the end of the window. */
  readonly inFlight: number;
  readonly inFlightSeconds: number;
  readonly latencyBuckets: readonly number[];
}

/** What the proxies of one caller counted of one replica in a window. */
export interface CalledWindow {
  /** A node, or a pod for agents of the version before: who counts on its own. */
  readonly caller: string;
  /** Proxy key, `<port>|<host>`. */
  readonly service: string;
  readonly replica: string;
  readonly at: number;
  readonly seconds: number;
  readonly requests: number;
  readonly failures: number;
  /** Requests that were answered, and the sum of their latencies. */
  readonly answered: number;
  readonly latencySeconds: number;
}

export type Window =
  | ({ readonly kind: 'node' } & NodeWindow)
  | ({ readonly kind: 'served' } & ServedWindow)
  | ({ readonly kind: 'called' } & CalledWindow);
