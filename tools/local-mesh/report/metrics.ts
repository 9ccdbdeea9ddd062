/** Metrics over all phases of one kind: a balancer, with or without the neighbour. Pure. */
import type { Balancer, MeasuredRun, Phase } from './phases.ts';

/** Time after the start of a phase in which weights may still move. Node CPU counts after it. */
const SETTLING_MS = 10_000;

/** A metric over the rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface PhaseMetrics {
  readonly name: Balancer;
  readonly neighbour: boolean;
  readonly rounds: number;
  readonly p50Ms: Spread;
  readonly p99Ms: Spread;
  readonly p999Ms: Spread;
  readonly requests: number;
  readonly failed: number;
  /** Utilisation of the busiest and of the mean node after settling; absent if no phase lasted that long. */
  readonly busiestNode?: Spread;
  readonly meanNode?: Spread;
}

/** Metrics of each kind of phase in the run: those with the neighbour first, the default before Ballast. */
export function metricsOf(run: MeasuredRun): PhaseMetrics[] {
  return [true, false].flatMap((neighbour) =>
    (['default', 'ballast'] as const).flatMap((name) => {
      const phases = run.phases.filter((phase) => phase.name === name && phase.neighbour === neighbour);
      return phases.length === 0 ? [] : [metricsOfKind(run, name, neighbour, phases)];
    }),
  );
}

function metricsOfKind(run: MeasuredRun, name: Balancer, neighbour: boolean, phases: readonly Phase[]): PhaseMetrics {
  const cpu = phases.map((phase) => nodeUtilisations(run, phase)).filter((nodes) => nodes.length > 0);
  const busiest = spread(cpu.map((nodes) => Math.max(...nodes)));
  const mean = spread(cpu.map(average));
  const over = (figure: (phase: Phase) => number): Spread =>
    spread(phases.map(figure)) ?? { median: NaN, min: NaN, max: NaN };
  return {
    name,
    neighbour,
    rounds: phases.length,
    p50Ms: over((phase) => phase.latency.p50Ms),
    p99Ms: over((phase) => phase.latency.p99Ms),
    p999Ms: over((phase) => phase.latency.p999Ms),
    requests: phases.reduce((sum, phase) => sum + phase.requests, 0),
    failed: phases.reduce((sum, phase) => sum + phase.failed, 0),
    ...(busiest ? { busiestNode: busiest } : {}),
    ...(mean ? { meanNode: mean } : {}),
  };
}

/** Mean utilisation of each node over the phase after settling; empty if the phase ended before. */
export function nodeUtilisations(run: MeasuredRun, phase: Phase): number[] {
  return run.nodes.flatMap(({ points }) => {
    const settled = points.filter(({ atMs }) => atMs >= phase.startMs + SETTLING_MS && atMs < phase.endMs);
    return settled.length === 0 ? [] : [average(settled.map((point) => point.utilisation))];
  });
}

/** Ballast's p99 over the default's, for each round that measured both. */
export function p99Ratios(run: MeasuredRun, neighbour: boolean): number[] {
  return run.phases
    .filter((phase) => phase.name === 'ballast' && phase.neighbour === neighbour)
    .flatMap((ballast) => {
      const other = run.phases.find(
        (phase) => phase.name === 'default' && phase.neighbour === neighbour && phase.round === ballast.round,
      );
      return other && other.latency.p99Ms > 0 ? [ballast.latency.p99Ms / other.latency.p99Ms] : [];
    });
}

/** Median (mean of the middle two for an even count) and range; undefined for none. */
export function spread(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  const min = sorted[0];
  const max = sorted.at(-1);
  if (upper === undefined || lower === undefined || min === undefined || max === undefined) return undefined;
  return { median: (lower + upper) / 2, min, max };
}

export function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
