/** CPU of nodes and host, a reading each second. */
import { cpus } from 'node:os';

/** Something whose CPU is counted. */
export interface CpuCounter {
  readonly name: string;
  readonly cores: number;
  /** Core-seconds so far. */
  cpuSeconds(): number;
}

/** This process: load generator and measurement. */
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

/** The whole machine, everything on it included. */
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
  /** Wall clock at the begin of the step, ms. */
  readonly startMs: number;
  /** Used cores over cores, by counter in the order given. */
  readonly utilisation: readonly number[];
}

/** CPU over less time than this says nothing: readings that are late come close upon each other, ms. */
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

  /** Ends a step now and begins the next; a step that has only just begun goes on. */
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
