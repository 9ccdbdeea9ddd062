/** Groups phases into bands of the time axis. Pure. */
import type { Balancer, Phase } from '../phases.ts';

export interface Band {
  readonly name: Balancer;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** One band for consecutive phases with the same balancer in the same round. */
export function balancerBands(phases: readonly Phase[]): Band[] {
  const bands: Band[] = [];
  let before: Phase | undefined;
  for (const phase of inOrder(phases)) {
    const last = bands.at(-1);
    if (last && before?.name === phase.name && before.round === phase.round) {
      bands[bands.length - 1] = { ...last, endMs: phase.endMs };
    } else {
      bands.push({ name: phase.name, startMs: phase.startMs, endMs: phase.endMs });
    }
    before = phase;
  }
  return bands;
}

/** Spans with the neighbour on. Phases with a pause of at most 3 s between them are one span. */
export function neighbourSpans(phases: readonly Phase[]): Span[] {
  const spans: Span[] = [];
  for (const { startMs, endMs } of inOrder(phases).filter((phase) => phase.neighbour)) {
    const last = spans.at(-1);
    if (last && startMs - last.endMs <= 3000) spans[spans.length - 1] = { startMs: last.startMs, endMs };
    else spans.push({ startMs, endMs });
  }
  return spans;
}

/** Means over steps of `stepMs`, at the middle of each: four samples a second are too noisy for a small panel. */
export function smooth<T extends { readonly atMs: number }>(
  points: readonly T[],
  value: (point: T) => number,
  stepMs: number,
): { readonly atMs: number; readonly value: number }[] {
  const steps = Map.groupBy(points, (point) => Math.floor(point.atMs / stepMs));
  return [...steps].map(([step, group]) => ({
    atMs: (step + 0.5) * stepMs,
    value: group.reduce((sum, point) => sum + value(point), 0) / group.length,
  }));
}

function inOrder(phases: readonly Phase[]): Phase[] {
  return phases.toSorted((a, b) => a.startMs - b.startMs);
}
