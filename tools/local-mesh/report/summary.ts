/** The result of a run in four numbers, and in one sentence. Pure. */
import { average, metricsOf, nodeUtilisations, p99Ratios, spread } from './metrics.ts';
import type { Balancer, MeasuredRun } from './phases.ts';

/** `null` means that the run has no data for it. */
export interface Summary {
  /** Ballast's p99 over the default's with the neighbour on: median of the rounds' ratios. */
  readonly p99_ratio: number | null;
  /** The same without the neighbour. */
  readonly p99_ratio_quiet: number | null;
  /** Over all of Ballast's phases. */
  readonly failed_requests: number;
  /**
   * Busiest over mean node CPU in Ballast's phases with the neighbour, after their first 10 s: median of the rounds.
   */
  readonly node_cpu_max_over_mean: number | null;
}

export function summarise(run: MeasuredRun): Summary {
  const levels = run.phases
    .filter((phase) => phase.name === 'ballast' && phase.neighbour)
    .map((phase) => nodeUtilisations(run, phase))
    .filter((nodes) => average(nodes) > 0)
    .map((nodes) => Math.max(...nodes) / average(nodes));
  return {
    p99_ratio: spread(p99Ratios(run, true))?.median ?? null,
    p99_ratio_quiet: spread(p99Ratios(run, false))?.median ?? null,
    failed_requests: failed(run, 'ballast').failed,
    node_cpu_max_over_mean: spread(levels)?.median ?? null,
  };
}

/** A ratio closer to 1 than this is a draw, even if all rounds agree. */
const DRAW = 0.05;

/** One sentence: who won and by how much. The default can win, and it is a draw if rounds disagree. */
export function verdict(run: MeasuredRun): string {
  const ratios = spread(p99Ratios(run, true));
  const figures = metricsOf(run).filter((kind) => kind.neighbour);
  const ballast = figures.find((kind) => kind.name === 'ballast');
  const other = figures.find((kind) => kind.name === 'default');
  if (!ratios || !ballast || !other) {
    return 'Nobody won: the run ended before both had been measured in one round with the neighbour on.';
  }
  const median = percent(Math.abs(ratios.median - 1));
  const lead =
    Math.abs(ratios.median - 1) < DRAW || (ratios.min < 1 && ratios.max > 1)
      ? `Neither won: with the neighbour on, Ballast's p99 was ${median} ${ratios.median < 1 ? 'lower' : 'higher'} than LEAST_REQUEST's`
      : ratios.median < 1
        ? `Ballast won: with the neighbour on, its p99 was ${median} lower than LEAST_REQUEST's`
        : `LEAST_REQUEST won: with the neighbour on, Ballast's p99 was ${median} higher`;
  const rounds = p99Ratios(run, true).length;
  const range = `${ratios.median.toFixed(2)}, ${ratios.min.toFixed(2)} to ${ratios.max.toFixed(2)} over ${rounds} ${rounds === 1 ? 'round' : 'rounds'}`;
  const medians = `${milliseconds(ballast.p99Ms.median)} against ${milliseconds(other.p99Ms.median)}`;
  return `${lead} (${medians}; ratio ${range}), and ${failures(run)}.`;
}

function failures(run: MeasuredRun): string {
  const ballast = failed(run, 'ballast');
  const other = failed(run, 'default');
  if (ballast.failed === 0 && other.failed === 0) return 'no request failed with either';
  return `${ballast.failed} of ${ballast.requests} requests failed with Ballast, ${other.failed} of ${other.requests} with LEAST_REQUEST`;
}

function failed(run: MeasuredRun, name: Balancer): { failed: number; requests: number } {
  const phases = run.phases.filter((phase) => phase.name === name);
  return {
    failed: phases.reduce((sum, phase) => sum + phase.failed, 0),
    requests: phases.reduce((sum, phase) => sum + phase.requests, 0),
  };
}

/** Three significant digits, at most: `4.31 ms`, `43.1 ms`, `431 ms`. */
export function milliseconds(ms: number): string {
  return `${shortNumber(ms)} ms`;
}

export function shortNumber(value: number): string {
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}
