/** What a decision follows besides the facts: parameters, weights set by hand, and pauses. */
import { LIMIT_DEFAULTS } from '../../contract/policy.ts';
import type { Pause } from './pause.ts';

/** A weight set by hand. It holds until it expires. The service's other replicas share the rest. */
export interface ManualWeight {
  readonly namespace: string;
  readonly service: string;
  readonly replica: string;
  /** Fraction of the service's requests, 0 to 1. */
  readonly weight: number;
  /** Controller's clock, ms. */
  readonly expiresAt: number;
}

export interface DecisionSettings {
  readonly parameters: Parameters;
  readonly manual: readonly ManualWeight[];
  /** Absent: there are none. */
  readonly pauses?: readonly Pause[];
}

/** One set for all workloads, except for what the limits of a policy change for its service. */
export interface Parameters {
  /** Fraction of the way to its target that a weight goes in one tick. */
  readonly gain: number;
  /** The gain when some weight is further from its target than `far`. Noise alone seldom causes such a distance. */
  readonly farGain: number;
  /** Fraction of the equal share. */
  readonly far: number;
  /** Fraction of a service's requests that may move to or from a replica in one tick. */
  readonly maxStep: number;
  /** The weights stay while each is this close to its target, as a fraction of the equal share; closer for small weights. */
  readonly deadBand: number;
  /** Fraction of the equal share that every ready replica keeps, so that its answers are still seen. */
  readonly floor: number;
  /** Fraction of the equal share that a ready replica keeps, unless it is warming up or degraded. */
  readonly minWeight: number;
  /** Multiple of the equal share that no replica exceeds. */
  readonly maxWeight: number;
  /** Requests per second that probe a replica which is held back as slow. */
  readonly probesPerSecond: number;
  /** Fraction of the service's requests that may be probes. */
  readonly maxProbingFraction: number;
  /** How strongly weights are drawn together, as a fraction of the marginal cost per equal share of distance. */
  readonly regularisation: number;
  /** The same, per relative standard error of the service's cost. */
  readonly regularisationPerError: number;
  /** Below this number of seen requests, a service's replicas all get the equal share. */
  readonly minEvidence: number;
  readonly warmUpMs: number;
  /** Requests per second for a replica that warms up, even on a full node: they show what it can do. */
  readonly firstRequestsPerSecond: number;
  /** A proxy that is silent for longer is stale; it reports every two seconds. */
  readonly proxySilentMs: number;
  /** An agent that is silent for longer is stale; it reports four times a second. */
  readonly agentSilentMs: number;
  /** Time constant with which a stale replica's weight returns to the equal share. */
  readonly staleDecayMs: number;
}

export const DEFAULT_PARAMETERS: Parameters = {
  gain: 0.5,
  farGain: 0.75,
  far: 0.4,
  maxStep: 0.25,
  deadBand: 0.03,
  floor: LIMIT_DEFAULTS.minWeight,
  minWeight: 0,
  maxWeight: Infinity,
  probesPerSecond: 0.5,
  maxProbingFraction: 0.01,
  regularisation: 0.05,
  regularisationPerError: 2,
  minEvidence: 5,
  warmUpMs: 1_000 * LIMIT_DEFAULTS.warmUpSeconds,
  firstRequestsPerSecond: 3,
  proxySilentMs: 4_000,
  agentSilentMs: 2_000,
  staleDecayMs: 10_000,
};
