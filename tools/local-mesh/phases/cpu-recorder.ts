/** Records the CPU of nodes and host each second. */
import { cpus } from 'node:os';

/** A counter of CPU time. */
export interface CpuCounter {
  readonly name: string;
  readonly cores: number;
  /** Core-seconds so far. */
  cpuSeconds(): number;
}

/** CPU of this process: load generator and measurement. */
export function ownCpu(): CpuCounter {
  return {
    name: 'demo',
    cores: 1,
    cpuSeconds: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  };
}

/** CPU of the whole machine. */
export function hostCpu(): CpuCounter {
  const processors = cpus().length;
  return {
    name: 'host',
    cores: processors,
    cpuSeconds: () =>
      cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000,
  };
}

export interface CpuStep {
  /** Wall clock at the start of the step, ms. */
  readonly startMs: number;
  /** Used cores over cores, in the order of the counters. */
  readonly utilisation: readonly number[];
}

/**
 * Minimum length of a step, ms. After a late reading the next one can follow at once, and CPU over so short a time is
 * noise.
 */
const MIN_STEP_MS = 200;

export class CpuRecorder {
  readonly steps: CpuStep[] = [];
  readonly #counters: readonly CpuCounter[];
  #at: number;
  #before: readonly number[];

  constructor(counters: readonly CpuCounter[], nowMs: number) {
    this.#counters = counters;
    this.#at = nowMs;
    this.#before = counters.map((counter) => counter.cpuSeconds());
  }

  /** Ends the step now and starts the next, unless the step is still too short. */
  read(nowMs: number): void {
    if (nowMs - this.#at < MIN_STEP_MS) return;
    const after = this.#counters.map((counter) => counter.cpuSeconds());
    const seconds = (nowMs - this.#at) / 1000;
    const utilisation = this.#counters.map(({ cores }, index) => {
      return ((after[index] ?? 0) - (this.#before[index] ?? 0)) / seconds / cores;
    });
    this.steps.push({ startMs: this.#at, utilisation });
    this.#at = nowMs;
    this.#before = after;
  }
}
