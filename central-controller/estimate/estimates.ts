/** All that the estimator remembers. Its size follows the topology. */
import { Rows } from '../model/rows.ts';
import type { ReplicaTopology, ServiceTopology, Topology } from '../model/topology.ts';
import { CostColumns } from './cost-columns.ts';
import { COST_WIDTH } from './cost-memory.ts';
import { RATIO_WIDTH } from './decayed-ratio.ts';
import { IDLE_WIDTH } from './idle-cpu.ts';
import type { NodeMemory } from './node-load.ts';
import { NON_CPU_WIDTH } from './non-cpu-latency.ts';

const SCALARS = 14;

/** Columns of a replica's row. */
export const COLUMN = {
  /** From this time on (ms) its CPU is that of its work; before, it starts. Infinity while it is not ready. */
  settledAt: 0,
  cpuCores: 1,
  /** CPU seconds, and the time in which they were used, that no count of requests has been matched with yet. */
  unmatchedCpuSeconds: 2,
  unmatchedSeconds: 3,
  /** Requests that callers counted and no CPU has been matched with yet; unused while the replica's proxy counts. */
  unmatchedRequests: 4,
  /** 0: none. */
  declaredLimitCores: 5,
  throttledCores: 6,
  throttledAt: 7,
  /** Seconds in flight since the last request ended. */
  unfinishedSeconds: 8,
  requestsPerSecond: 9,
  inFlight: 10,
  meanInFlight: 11,
  /** When the replica's own proxy counted last, ms; -Infinity: never. */
  servedAt: 12,
  /** When callers counted last, ms; -Infinity while the replica's own proxy counts. */
  calledAt: 13,
  /** Seconds in flight per request. */
  latency: SCALARS,
  failures: SCALARS + RATIO_WIDTH,
  nonCpu: SCALARS + 2 * RATIO_WIDTH,
  cost: SCALARS + 2 * RATIO_WIDTH + NON_CPU_WIDTH,
  idle: SCALARS + 2 * RATIO_WIDTH + NON_CPU_WIDTH + COST_WIDTH,
} as const;

const WIDTH = COLUMN.idle + IDLE_WIDTH;

/** The rate that one caller saw. */
export interface CallerRate {
  requestsPerSecond: number;
  at: number;
}

/** Rows of a service's replicas, in the order of its topology. */
export interface ServiceRows {
  readonly all: Int32Array;
  readonly cost: Int32Array;
  readonly idle: Int32Array;
}

/** Changed in place by `observe` and `snapshot`. */
export interface Estimates {
  readonly nodes: Map<string, NodeMemory>;
  /** By `<namespace>/<pod>`. */
  readonly replicas: Rows;
  /** The same. */
  readonly placed: Map<string, ReplicaTopology>;
  /** Row of each balanced pod, by its UID. */
  readonly rowOfUid: Map<string, number>;
  readonly services: Map<ServiceTopology, ServiceRows>;
  /** Rates by caller, of replicas without a proxy of their own, by `<namespace>/<pod>`. */
  readonly callers: Map<string, Map<string, CallerRate>>;
  /** Used for one service after the other. */
  readonly costs: CostColumns;
  topology: Topology | undefined;
}

export function createEstimates(): Estimates {
  return {
    nodes: new Map(),
    replicas: new Rows(WIDTH),
    placed: new Map(),
    rowOfUid: new Map(),
    services: new Map(),
    callers: new Map(),
    costs: new CostColumns(),
    topology: undefined,
  };
}

/** A new replica's row; `keepsCost`: a pod of the same name that was made anew runs the same program. */
export function resetReplica(values: Float64Array, row: number, keepsCost: boolean): void {
  values.fill(0, row, row + (keepsCost ? COLUMN.cost : WIDTH));
  values[row + COLUMN.settledAt] = Infinity;
  for (const column of [COLUMN.throttledAt, COLUMN.servedAt, COLUMN.calledAt]) values[row + column] = -Infinity;
}

/** What a mutation adds to a column. */
export function add(values: Float64Array, at: number, amount: number): void {
  values[at] = (values[at] ?? 0) + amount;
}

/** Moves a column toward a value by a fraction of the way. */
export function approach(values: Float64Array, at: number, value: number, fraction: number): void {
  const before = values[at] ?? 0;
  values[at] = before + (value - before) * fraction;
}
