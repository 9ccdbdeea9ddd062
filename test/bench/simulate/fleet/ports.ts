/**
 * What a simulated fleet and the policies that balance it know of each other. Times are seconds of virtual time;
 * replicas, callers and nodes go by their index.
 */

/** Virtual time, the only clock of the simulator. */
export interface Timeline {
  readonly now: number;
  /** Runs once, `seconds` from now. Events of the same instant run in the order in which they were scheduled. */
  after(seconds: number, run: () => void): void;
}

/** Uniform in [0, 1); the same seed gives the same numbers. */
export type Random = () => number;

export interface NodeShape {
  readonly cores: number;
}

export interface ReplicaShape {
  readonly node: number;
  /** CPU that is the replica's even when its node is full, cores: its weight among the node's groups. */
  readonly allocationCores: number;
  readonly limitCores?: number;
}

/** One service: its replicas share a program, and each caller chooses one of them per request. */
export interface ServiceShape {
  readonly name: string;
  readonly replicas: readonly ReplicaShape[];
  readonly callers: number;
}

/** What a replica reports of itself in a response and to a probe. */
export interface ReplicaReport {
  /** Without the request that is being answered. */
  readonly requestsInFlight: number;
  /** CPU used over `allocationCores`, mean of the last second; above 1 while it borrows. */
  readonly utilisation: number;
  /** Mean of the last second. */
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
  /** Time from a request's arrival at the replica to its answer: median of recent ones that met about as many in flight. */
  readonly latency: number;
}

export interface Answer {
  /** From sending to receiving, the network's time included. */
  readonly latency: number;
  readonly failed: boolean;
  /** Absent where no replica answered (a timeout). */
  readonly report?: ReplicaReport;
}

/** CPU counters of a node since the start, core-seconds. */
export interface NodeCounters {
  readonly busySeconds: number;
  /** Per replica index of the service named by the caller of `counters`. */
  readonly replicaSeconds: (service: number, replica: number) => number;
}

/** One fleet, as the policy that balances it sees it. A policy uses only what its real counterpart could know. */
export interface Fleet {
  readonly timeline: Timeline;
  /** Current sizes: a node that loses cores shows it here, as an agent would read it from its kernel. */
  readonly nodes: readonly NodeShape[];
  readonly services: readonly ServiceShape[];
  /** A stream of random numbers of its own. */
  random(purpose: string): Random;
  counters(node: number): NodeCounters;
  /** Asks a replica for its report; the answer comes after a round trip of the network, or never. */
  probe(service: number, replica: number, answered: (report: ReplicaReport) => void): void;
  /** For the oracle alone: seconds until a request sent now would be answered, which no real balancer knows. */
  expectedLatency(service: number, replica: number): number;
}

/** Chooses for one caller of one service. */
export interface Balancer {
  /** Index of the replica that gets this request now. `request` is unique in the run. */
  pick(request: number): number;
  answered(request: number, replica: number, answer: Answer): void;
}

/** Sits beside a replica, as a sidecar does. */
export interface ReplicaSide {
  arrived(request: number): void;
  leaving(request: number, failed: boolean): void;
}

export interface RunningPolicy {
  balancer(service: number, caller: number): Balancer;
  replicaSide?(service: number, replica: number): ReplicaSide;
  /** After the last request. */
  stop?(): void;
}

export interface Policy {
  /** As in the tables. */
  readonly name: string;
  start(fleet: Fleet): RunningPolicy | Promise<RunningPolicy>;
}
