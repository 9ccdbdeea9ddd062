import type { Random } from '../fleet/ports.ts';

/**
 * Earliest deadline first (gRFC A58): every replica is a job whose period is the inverse of its weight; the job with
 * the earliest deadline runs next. First deadlines are random within the period, so that callers do not march in step.
 */
export class DeadlineSchedule {
  readonly #periods: readonly number[];
  readonly #deadlines: number[];

  constructor(weights: readonly number[], random: Random) {
    this.#periods = weights.map((weight) => 1 / weight);
    this.#deadlines = this.#periods.map((period) => period * random());
  }

  next(): number {
    let earliest = 0;
    let least = Number.POSITIVE_INFINITY;
    for (const [replica, deadline] of this.#deadlines.entries()) {
      if (deadline < least) {
        least = deadline;
        earliest = replica;
      }
    }
    this.#deadlines[earliest] = least + (this.#periods[earliest] ?? 0);
    return earliest;
  }
}
