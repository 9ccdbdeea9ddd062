/** Phase 1's problem: what is asked for, what is due, and what the placement allows. */
import type { FlowLimits } from './max-flow.ts';

/** Columns as in `allocation-input.ts`, which this is filled from. */
export interface FairProblem extends FlowLimits {
  /** Cores, per service. */
  readonly demand: Float64Array;
  /** Cores that the service gets before others rise above theirs; all together they fit. */
  readonly guarantee: Float64Array;
  /** Positive. */
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
