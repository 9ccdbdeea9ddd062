/** Whole weights up to this, as in gRPC. */
const MOST = 65_535;
/** Weights are kept within these multiples of their mean, as in gRPC. */
const MIN_RATIO = 0.01;
const MAX_RATIO = 10;

/**
 * gRPC's static stride scheduler (`static_stride_scheduler.cc`), which takes the place of the earliest deadline first of
 * gRFC A58 in all its implementations: rounds over the replicas, each of which is taken in the share of rounds that
 * its weight is of the greatest. The place in the sequence outlives a change of weights.
 */
export class StrideSchedule {
  readonly #weights: readonly number[];

  constructor(weights: readonly number[]) {
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
    const most = Math.min(Math.max(...weights), MAX_RATIO * mean);
    const least = Math.max(1, Math.round((MIN_RATIO * mean * MOST) / most));
    this.#weights = weights.map((weight) => Math.max(least, Math.round((Math.min(weight, most) * MOST) / most)));
  }

  /** @returns the place in the sequence, from `from` on, at which a replica is taken; the replica is its remainder */
  next(from: number): number {
    const count = this.#weights.length;
    for (let place = from; ; place++) {
      const replica = place % count;
      const weight = this.#weights[replica] ?? 0;
      const phase = (weight * Math.floor(place / count) + replica * (MOST >> 1)) % MOST;
      if (phase >= MOST - weight) return place;
    }
  }
}
