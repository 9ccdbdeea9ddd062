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

export class MachineCpu {
  #file: KernelFile;
  #only: ReadonlySet<number> | undefined;
  #busy = new RisingCounter();
  #steal = new RisingCounter();
  #cores = 0;
  #line: number[] = [0, 0, 0, 0, 0, 0, 0, 0];

  /** `only`: the CPUs to count, when the node is a part of the machine by pinning; else all. */
  constructor(path = '/proc/stat', only?: ReadonlySet<number>) {
    this.#file = new KernelFile(path);
    this.#only = only;
  }

  /** Reads the counters; false when there is nothing to be read, and the last figures stay. */
  sample(): boolean {
    const length = this.#file.read();
    const { bytes } = this.#file;
    let busy = 0;
    let steal = 0;
    let cores = 0;
    let at = 0;
    while (at < length && LETTERS_CPU.every((letter, offset) => bytes[at + offset] === letter)) {
      const cpu = numberAt(bytes, length, at + 3);
      // The first line, without a number, is the sum of all CPUs, offline ones included.
      const counts = this.#only === undefined ? cpu === undefined : cpu !== undefined && this.#only.has(cpu);
      if (cpu !== undefined && (this.#only === undefined || counts)) cores++;
      if (counts) {
        this.#readLine(bytes, length, at);
        for (const column of BUSY) busy += this.#line[column] ?? 0;
        steal += this.#line[STEAL] ?? 0;
      }
      const newline = bytes.indexOf(NEWLINE, at);
      if (newline < 0) break;
      at = newline + 1;
    }
    if (cores === 0) return false;
    this.#cores = cores;
    this.#busy.observe(busy);
    this.#steal.observe(steal);
    return true;
  }

  #readLine(bytes: Uint8Array, length: number, at: number): void {
    for (let column = 0; column < this.#line.length; column++) {
      at = nextWord(bytes, length, at);
      this.#line[column] = numberAt(bytes, length, at) ?? 0;
    }
  }

  /** How many CPUs are counted; 0 before the first sample that succeeded. */
  get cores(): number {
    return this.#cores;
  }

  get reading(): NodeCpu {
    return {
      cores: this.#cores,
      busySeconds: roundSeconds(this.#busy.total / TICKS_PER_SECOND),
      stealSeconds: roundSeconds(this.#steal.total / TICKS_PER_SECOND),
    };
  }

  close(): void {
    this.#file.close();
  }
}
