/** Figures of a run. */

/** Agents sample on the wall clock's multiples of this, ms. */
const BEAT_MS = 250;

/** The value below which `part` of the values are; NaN of none. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}

/**
 * Time from the beat on which the agents wrote the reports behind a decision until an agent read weights of it, ms: one for
 * each line read. Versions whose decision is not known are left out.
 *
 * @param read pairs of a version and when its line was read, ms since 1970
 * @param decidedAt ms since 1970, by version
 */
export function reactions(read: readonly number[], decidedAt: ReadonlyMap<number, number>): number[] {
  const delays: number[] = [];
  for (let at = 0; at < read.length; at += 2) {
    const decided = decidedAt.get(read[at] ?? -1);
    const readAt = read[at + 1];
    if (decided === undefined || readAt === undefined) continue;
    delays.push(readAt - BEAT_MS * Math.floor(decided / BEAT_MS));
  }
  return delays;
}
