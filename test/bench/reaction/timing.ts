/** How long a reaction took, from what was observed around a neighbour's start. Pure. */
import type { Shift } from './decision-log.ts';
import type { Sighting } from './table-watch.ts';

export interface PublishedVersion {
  readonly version: number;
  readonly tick: number;
}

export interface Reaction {
  /** From the start until weights are decided that make at least half of the final shift, seconds. */
  readonly decidedSeconds: number;
  /** From the start until every proxy uses them, seconds. */
  readonly usedSeconds: number;
  readonly coresBefore: number;
  readonly coresAfter: number;
}

export interface Observation {
  /** Wall clock at the neighbour's start, ms. */
  readonly startMs: number;
  /** Length of the stretches before the start and before the end over which the demand is averaged, ms. */
  readonly averageMs: number;
  /** Up to the end of the repetition. */
  readonly shifts: readonly Shift[];
  readonly versions: readonly PublishedVersion[];
  readonly sightings: readonly Sighting[];
}

/** @throws Error when the weights have not moved, or proxies never used them */
export function reactionOf({ startMs, averageMs, shifts, versions, sightings }: Observation): Reaction {
  const before = mean(shifts.filter(({ at }) => at <= startMs && at > startMs - averageMs));
  const endMs = shifts.at(-1)?.at ?? 0;
  const after = mean(shifts.filter(({ at }) => at > endMs - averageMs));
  if (!(after < before)) throw new Error(`the weights did not leave the node: ${before} cores before, ${after} after`);
  const half = shifts.find(({ at, cores }) => at > startMs && cores <= (before + after) / 2);
  const published = half && versions.find(({ tick }) => tick >= half.tick);
  const used = published && sightings.find(({ at, version }) => at > startMs && version >= published.version);
  if (!half || !used) throw new Error('the weights that made the shift were never seen in use by all proxies');
  return {
    decidedSeconds: (half.at - startMs) / 1000,
    usedSeconds: (used.at - startMs) / 1000,
    coresBefore: before,
    coresAfter: after,
  };
}

/**
 * Extra time before a change, ms, that puts the changes of a run evenly over a second (multiples of the golden ratio: Weyl's
 * sequence). Agents and controller keep step with the wall clock, and changes that did so too would always meet them at
 * the same moment.
 */
export function spreadMs(repetition: number): number {
  return ((repetition * 0.618_034) % 1) * 1000;
}

function mean(shifts: readonly Shift[]): number {
  return shifts.reduce((sum, { cores }) => sum + cores, 0) / shifts.length;
}
