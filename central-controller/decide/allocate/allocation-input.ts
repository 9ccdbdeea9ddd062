/**
 * What is to be allocated, as columns: entry i of a column belongs to node, service or replica i. Columns are made once
 * and filled anew for each tick, so that a tick of a large fleet leaves nothing behind for the garbage collector.
 *
 * All figures are finite but where infinity is named; `bounded.ts` sees to that at the border.
 */
export interface AllocationInput {
  /** Part of the equal share that no replica falls below. */
  floor: number;

  /** Cores, positive, per node. */
  readonly capacityCores: Float64Array;
  /** Cores that are used whatever is decided, per node. */
  readonly backgroundCores: Float64Array;

  readonly requestsPerSecond: Float64Array;
  readonly shareWeight: Float64Array;
  /** Part of the marginal cost that holds weights together, per equal share of distance; positive; per service. */
  readonly pull: Float64Array;
  /** 1 where the service asks for level nodes, 0 where it asks for the least delay. */
  readonly level: Uint8Array;
  /** Replicas of service s are those from `firstReplica[s]` to before `firstReplica[s + 1]`; at least one each. */
  readonly firstReplica: Int32Array;

  /** Index of the node, per replica. */
  readonly node: Int32Array;
  /** CPU seconds per request, positive; those of one service within two orders of magnitude. */
  readonly cost: Float64Array;
  /** Seconds per request beyond what CPU and queueing explain. */
  readonly hidden: Float64Array;
  /** Cores; Infinity where the replica has no limit of its own. */
  readonly limitCores: Float64Array;
  /**
   * A share that is settled already, NaN where it is to be found. Those of one service sum to at most 1, and to 1 where
   * all are settled.
   */
  readonly fixed: Float64Array;
}

export function createInput(nodes: number, services: number, replicas: number): AllocationInput {
  return {
    floor: 0,
    capacityCores: new Float64Array(nodes),
    backgroundCores: new Float64Array(nodes),
    requestsPerSecond: new Float64Array(services),
    shareWeight: new Float64Array(services),
    pull: new Float64Array(services),
    level: new Uint8Array(services),
    firstReplica: new Int32Array(services + 1),
    node: new Int32Array(replicas),
    cost: new Float64Array(replicas),
    hidden: new Float64Array(replicas),
    limitCores: new Float64Array(replicas),
    fixed: new Float64Array(replicas),
  };
}

/** Whether columns made for one input can hold another. */
export function fits(input: AllocationInput, nodes: number, services: number, replicas: number): boolean {
  return (
    input.capacityCores.length === nodes &&
    input.requestsPerSecond.length === services &&
    input.node.length === replicas
  );
}
