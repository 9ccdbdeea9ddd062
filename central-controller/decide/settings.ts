/** What a decision follows besides the facts: its parameters, weights set by hand, and what is paused. */
import type { Pause } from './pause.ts';

/** A weight set by hand. It holds until it expires; the service's other replicas share what it leaves. */
export interface ManualWeight {
  readonly namespace: string;
  readonly service: string;
  readonly replica: string;
  /** Share of the service's requests, 0 to 1. */
  readonly weight: number;
  /** Controller's clock, ms. */
  readonly expiresAt: number;
}

export interface DecisionSettings {
  readonly parameters: Parameters;
  readonly manual: readonly ManualWeight[];
  /** Absent: nothing is. */
  readonly pauses?: readonly Pause[];
}

/** One set for all workloads, but for what the limits of a policy change for its service. */
export interface Parameters {
  /** Part of the way toward the target that a weight goes in one tick. */
  readonly gain: number;
  /** The same where some weight is further from its target than `far`: noise alone seldom moves it so far. */
  readonly farGain: number;
  /** Part of the equal share. */
  readonly far: number;
  /** Share of a service that may move to or from a replica in one tick. */
  readonly greatestStep: number;
  /** Weights stay when none is further from its target than this part of the equal share; less for small weights. */
  readonly deadBand: number;
  /** Part of the equal share that every ready replica keeps, so that it goes on being seen. */
  readonly floor: number;
  /** Part of the equal share that every ready replica keeps which is neither warming up nor degraded. */
  readonly minWeight: number;
  /** Multiple of the equal share that no replica exceeds. */
  readonly maxWeight: number;
  /** Requests per second that a replica held back as slow gets to show that it is well again. */
  readonly probesPerSecond: number;
  /** Share of the service's requests that these may be. */
  readonly mostProbing: number;
  /** How strongly weights are held together, as a part of the marginal cost per equal share of distance. */
  readonly pull: number;
  /** The same, per relative standard error of the service's cost. */
  readonly pullPerError: number;
  /** Requests that must have been seen of a service before it is told apart at all. */
  readonly leastEvidence: number;
  readonly warmUpMs: number;
  /** Requests per second that a replica gets while it warms up, however little its node has left, to show what it can. */
  readonly firstRequestsPerSecond: number;
  /** A proxy, a message every two seconds, that is silent for longer is stale. */
  readonly proxySilentMs: number;
  /** An agent, four messages a second, that is silent for longer is stale. */
  readonly agentSilentMs: number;
  /** Time constant with which a stale replica's weight goes to the equal share. */
  readonly staleDecayMs: number;
}

export const DEFAULT_PARAMETERS: Parameters = {
  gain: 0.5,
  farGain: 0.75,
  far: 0.4,
  greatestStep: 0.25,
  deadBand: 0.03,
  floor: 0.002,
  minWeight: 0,
  maxWeight: Infinity,
  probesPerSecond: 0.5,
  mostProbing: 0.01,
  pull: 0.05,
  pullPerError: 2,
  leastEvidence: 5,
  warmUpMs: 10_000,
  firstRequestsPerSecond: 3,
  proxySilentMs: 4_000,
  agentSilentMs: 2_000,
  staleDecayMs: 10_000,
};
