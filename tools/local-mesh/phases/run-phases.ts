/** Runs all phases under one continuous load. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Load, LoadOptions } from '../../load-generator/load.ts';
import type { LoadSecond } from '../../load-generator/measure/tally.ts';
import type { Balancer } from '../report/phases.ts';
import { type CpuCounter, CpuRecorder } from './cpu-recorder.ts';
import type { RunRecord } from './measure.ts';
import type { PlannedPhase } from './plan.ts';

/** Port. What the phases control and observe. */
export interface PhaseStage {
  readonly counters: readonly CpuCounter[];
  startLoad(options: Pick<LoadOptions, 'durationSeconds' | 'onSecond'>): Load;
  balanceBy(balancer: Balancer): Promise<void> | void;
  neighbour(on: boolean): Promise<void> | void;
  /** Called each second with the seconds of load so far. */
  progress(phase: PlannedPhase, second: number, seconds: readonly LoadSecond[]): void;
}

/** Returns the seconds of load and CPU. `signal` ends the run early; its reason is the error. */
export async function runPhases(
  plan: readonly PlannedPhase[],
  stage: PhaseStage,
  signal: AbortSignal,
): Promise<Omit<RunRecord, 'nodes'>> {
  const seconds: LoadSecond[] = [];
  const total = plan.at(-1)?.endSecond ?? 0;
  const startMs = Date.now();
  const start = performance.now();
  const recorder = new CpuRecorder(stage.counters, startMs);
  const load = stage.startLoad({ durationSeconds: total, onSecond: (second) => seconds.push(second) });
  try {
    let neighbour = false;
    for (const phase of plan) {
      await stage.balanceBy(phase.balancer);
      if (phase.neighbour !== neighbour) await stage.neighbour(phase.neighbour);
      neighbour = phase.neighbour;
      for (let second = phase.startSecond; second < phase.endSecond; second++) {
        // The change of the balancer may have taken more than a second.
        await sleep(Math.max(0, start + (second + 1) * 1000 - performance.now()), undefined, { signal });
        recorder.read(Date.now());
        stage.progress(phase, second, seconds);
      }
    }
    if (neighbour) await stage.neighbour(false);
  } finally {
    await load.stop();
  }
  return { startMs, plan, seconds, cpu: recorder.steps };
}
