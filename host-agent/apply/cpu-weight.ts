/**
 * `cpu.weight` of cgroup version 2 for a CPU request, as the node's kubelet computes it. Two curves are in the field, and
 * a pod competes with its siblings by weights of one curve only (docs/adr/0023-cpu-weight.md).
 */

const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const MAX_WEIGHT = 10_000;

export type WeightCurve = 'linear' | 'logarithmic';

/** A pod whose CPU request is known, so that its group's weight tells the curve. */
export interface KnownRequest {
  readonly uid: string;
  readonly milliCores: number;
}

/** kubelet's `cpu.shares` for a CPU request. */
export function sharesOfRequest(milliCores: number): number {
  return clampShares(Math.floor((milliCores * 1024) / 1000));
}

function clampShares(shares: number): number {
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, shares));
}

/** @param shares as in cgroup version 1: 2 to 262144, 1024 for one core */
export function weightOfShares(curve: WeightCurve, shares: number): number {
  const clamped = clampShares(shares);
  return curve === 'linear' ? linear(clamped) : logarithmic(clamped);
}

/** What kubelet gives a pod's group, and older runtimes give a container's. */
function linear(shares: number): number {
  return 1 + Math.floor(((shares - MIN_SHARES) * (MAX_WEIGHT - 1)) / (MAX_SHARES - MIN_SHARES));
}

/** What newer runtimes give a container's group. Both ends of the scales meet, and 1024 shares become 100. */
function logarithmic(shares: number): number {
  if (shares === MIN_SHARES) return 1;
  if (shares === MAX_SHARES) return MAX_WEIGHT;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}

/** The curve that a weight shows, given the shares it was made from; undefined where both or neither fit. */
export function curveOf(shares: number, weight: number): WeightCurve | undefined {
  const fits = (['linear', 'logarithmic'] as const).filter((curve) => weightOfShares(curve, shares) === weight);
  return fits.length === 1 ? fits[0] : undefined;
}

/** Follows which curve the node's kubelet uses. */
export class NodeWeights {
  readonly #known: KnownRequest | undefined;
  #observed: WeightCurve | undefined;

  constructor(known: KnownRequest | undefined) {
    this.#known = known;
  }

  /** @param weightOf reads the weight of a pod's group; undefined when there is none */
  observe(weightOf: (uid: string) => number | undefined): void {
    if (this.#known === undefined) return;
    const weight = weightOf(this.#known.uid);
    if (weight === undefined) return;
    // A weight that fits no curve is one of a resize that is under way; what was seen before it still holds.
    this.#observed = curveOf(sharesOfRequest(this.#known.milliCores), weight) ?? this.#observed;
  }

  /** Undefined until a weight told it. */
  get observed(): WeightCurve | undefined {
    return this.#observed;
  }

  /** Every kubelet up to 1.37 makes the groups of pods by the linear curve, so that is assumed at first. */
  weightOf(shares: number): number {
    return weightOfShares(this.#observed ?? 'linear', shares);
  }
}
