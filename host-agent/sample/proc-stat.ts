/** CPU of the whole machine, or of some of its CPUs, from `/proc/stat`. */
import type { NodeCpu } from '../../contract/report.ts';
import { RisingCounter, roundSeconds } from './counter.ts';
import { nextWord, numberAt } from './fields.ts';
import { KernelFile } from './kernel-file.ts';

/** The kernel reports to user space in this unit on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100;

const NEWLINE = 10;
const LETTERS_CPU = [99, 112, 117];
/** Positions in a `cpu` line: user nice system idle iowait irq softirq steal (guest time is within user). */
const BUSY = [0, 1, 2, 5, 6];
const STEAL = 7;

/** Key of the line that sums up all CPUs, the offline ones included. */
const ALL_CPUS = -1;

interface CpuCounters {
  readonly busy: RisingCounter;
  readonly steal: RisingCounter;
}

export class MachineCpu {
  #file: KernelFile;
  #only: ReadonlySet<number> | undefined;
  /** One per line that is counted: the history of a CPU that was offline must not count when it comes back. */
  #counters = new Map<number, CpuCounters>();
  #cores = 0;
  #line: number[] = [0, 0, 0, 0, 0, 0, 0, 0];

  /** `only`: the CPUs to count when the node is a part of the machine; all of them when it is absent. */
  constructor(path = '/proc/stat', only?: ReadonlySet<number>) {
    this.#file = new KernelFile(path);
    this.#only = only;
  }

  /** Reads the counters; false when nothing can be read, and `reading` keeps the last ones. */
  sample(): boolean {
    const length = this.#file.read();
    const { bytes } = this.#file;
    let cores = 0;
    let at = 0;
    while (at < length && LETTERS_CPU.every((letter, offset) => bytes[at + offset] === letter)) {
      const cpu = numberAt(bytes, length, at + 3) ?? ALL_CPUS;
      if (this.#only === undefined) {
        if (cpu === ALL_CPUS) this.#observe(cpu, bytes, length, at);
        else cores++;
      } else if (this.#only.has(cpu)) {
        this.#observe(cpu, bytes, length, at);
        cores++;
      }
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0) break;
      at = newline + 1;
    }
    if (cores === 0) return false;
    this.#cores = cores;
    return true;
  }

  #observe(cpu: number, bytes: Uint8Array, length: number, lineStart: number): void {
    const counters = this.#counters.get(cpu) ?? { busy: new RisingCounter(), steal: new RisingCounter() };
    this.#counters.set(cpu, counters);
    let at = lineStart;
    for (let column = 0; column < this.#line.length; column++) {
      at = nextWord(bytes, length, at);
      this.#line[column] = numberAt(bytes, length, at) ?? 0;
    }
    counters.busy.observe(BUSY.reduce((sum, column) => sum + (this.#line[column] ?? 0), 0));
    counters.steal.observe(this.#line[STEAL] ?? 0);
  }

  /** How many CPUs are counted; 0 before the first sample that succeeded. */
  get cores(): number {
    return this.#cores;
  }

  get reading(): NodeCpu {
    let busy = 0;
    let steal = 0;
    for (const counters of this.#counters.values()) {
      busy += counters.busy.total;
      steal += counters.steal.total;
    }
    return {
      cores: this.#cores,
      busySeconds: roundSeconds(busy / TICKS_PER_SECOND),
      stealSeconds: roundSeconds(steal / TICKS_PER_SECOND),
    };
  }

  close(): void {
    this.#file.close();
  }
}
