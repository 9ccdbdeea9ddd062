/**
 * The input of an allocation as columns: entry i belongs to node, service or replica i. Columns are made once and
 * filled again in each tick, so that a tick of a large fleet leaves nothing for the garbage collector.
 *
 * All numbers are finite unless infinity is mentioned; `bounded.ts` makes sure of that.
 */
export interface AllocationInput {
  /** Fraction of the equal share that no replica falls below. */
  floor: number;

  /** Cores, positive, per node. */
  readonly capacityCores: Float64Array;
  /** Cores that no weight moves, per node. */
  readonly backgroundCores: Float64Array;

  readonly requestsPerSecond: Float64Array;
  readonly shareWeight: Float64Array;
  /**
   * Fraction of the marginal cost by which it rises per equal share of distance from the equal share; positive; per
   * service.
   */
  readonly regularisation: Float64Array;
  /** 1 where the service asks for level nodes, 0 where it asks for the least delay. */
  readonly level: Uint8Array;
  /** Replicas of service s are those from `firstReplica[s]` to before `firstReplica[s + 1]`; at least one each. */
  readonly firstReplica: Int32Array;

  /** Index of the node, per replica. */
  readonly node: Int32Array;
  /** CPU seconds per request, positive; those of one service within two orders of magnitude. */
  readonly cost: Float64Array;
  /** Seconds per request beyond what CPU and queueing explain. */
  readonly nonCpuSeconds: Float64Array;
  /** Cores; Infinity where the replica has no limit of its own. */
  readonly limitCores: Float64Array;
  /**
   * A share that is given, NaN where the allocation finds it. The given shares of a service sum to at most 1, and to 1
   * where all are given.
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
    regularisation: new Float64Array(services),
    level: new Uint8Array(services),
    firstReplica: new Int32Array(services + 1),
    node: new Int32Array(replicas),
    cost: new Float64Array(replicas),
    nonCpuSeconds: new Float64Array(replicas),
    limitCores: new Float64Array(replicas),
    fixed: new Float64Array(replicas),
  };
}

/** Returns whether the input has columns of these lengths. */
export function fits(input: AllocationInput, nodes: number, services: number, replicas: number): boolean {
  return (
    input.capacityCores.length === nodes &&
    input.requestsPerSecond.length === services &&
    input.node.length === replicas
  );
}
