/** The problem of phase 1: demands, guarantees, and the capacity that the placement gives access to. */
import type { FlowLimits } from './max-flow.ts';

/** Columns as in `allocation-input.ts`. */
export interface FairProblem extends FlowLimits {
  /** Cores, per service. */
  readonly demand: Float64Array;
  /** Cores that a service gets before others rise above theirs, per service. All guarantees fit at once. */
  readonly guarantee: Float64Array;
  /** Positive, per service. */
  readonly weight: Float64Array;
}

export function createFairProblem(nodes: number, services: number, replicas: number): FairProblem {
  return {
    firstReplica: new Int32Array(services + 1),
    node: new Int32Array(replicas),
    limit: new Float64Array(replicas),
    capacity: new Float64Array(nodes),
    demand: new Float64Array(services),
    guarantee: new Float64Array(services),
    weight: new Float64Array(services),
  };
}
