/** What a decision follows besides the facts: its parameters, and weights set by hand. */

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

export interface DecisionPolicy {
  readonly parameters: Parameters;
  readonly manual: readonly ManualWeight[];
}

/** One set for all workloads. */
export interface Parameters {
  /** Part of the way toward the target that a weight goes in one tick. */
  readonly gain: number;
}

export const DEFAULT_PARAMETERS: Parameters = {
  gain: 0.5,
};
