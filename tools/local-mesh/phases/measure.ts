/** Turns the recorded seconds of a run into the input of the report. Pure. */
import { mergeHistograms, percentileMs } from '../../load-generator/measure/histogram.ts';
import type { LoadSecond } from '../../load-generator/measure/tally.ts';
import type { LatencyPercentiles, MeasuredRun, Phase } from '../report/phases.ts';
import type { CpuStep } from './cpu-recorder.ts';
import type { PlannedPhase } from './plan.ts';

export interface RunRecord {
  readonly startMs: number;
  readonly plan: readonly PlannedPhase[];
  readonly seconds: readonly LoadSecond[];
  /** Readings of the nodes, in the order of `nodes`. */
  readonly cpu: readonly CpuStep[];
  readonly nodes: readonly string[];
}

/** Percentiles of all requests due in some seconds, in milliseconds. */
export function percentilesOf(seconds: readonly LoadSecond[]): LatencyPercentiles {
  const all = mergeHistograms(seconds.map(({ latency }) => latency));
  return { p50Ms: percentileMs(all, 50), p99Ms: percentileMs(all, 99), p999Ms: percentileMs(all, 99.9) };
}

function measurePhase(phase: PlannedPhase, seconds: readonly LoadSecond[]): Phase {
  const whole = seconds.filter(({ index }) => index >= phase.startSecond && index < phase.endSecond);
  const measured = whole.filter(({ index }) => index >= phase.measuredSecond);
  return {
    name: phase.balancer,
    round: phase.round,
    neighbour: phase.neighbour,
    startMs: phase.startSecond * 1000,
    endMs: phase.endSecond * 1000,
    requests: whole.reduce((sum, { due }) => sum + due, 0),
    failed: whole.reduce((sum, { failed }) => sum + failed, 0),
    latency: percentilesOf(measured),
  };
}

/** Failures count over the whole phase, latency only after it has settled. */
export function measureRun(record: RunRecord): Pick<MeasuredRun, 'phases' | 'latency' | 'nodes'> {
  const { startMs, plan, seconds, cpu, nodes } = record;
  return {
    phases: plan.map((phase) => measurePhase(phase, seconds)),
    latency: seconds
      .filter(({ due }) => due > 0)
      .map((second) => {
        const { p50Ms, p99Ms } = percentilesOf([second]);
        return { atMs: second.index * 1000, p50Ms, p99Ms };
      }),
    nodes: nodes.map((node, index) => ({
      node,
      points: cpu.map((step) => ({ atMs: step.startMs - startMs, utilisation: step.utilisation[index] ?? 0 })),
    })),
  };
}
