/** CPU of plain processes and their descendants, from `/proc/<pid>/stat`: for replicas that have no cgroup. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RisingCounter, roundSeconds } from './counter.ts';
import { nextWord, numberAt } from './fields.ts';
import { KernelFile } from './kernel-file.ts';
import { TICKS_PER_SECOND } from './proc-stat.ts';

const CLOSING_BRACKET = 41;
/** Words between the state, which follows the command's name, and the user time. */
const STATE_TO_UTIME = 11;

/**
 * User and system ticks of a process and of the children it has waited for; undefined where the text is none of
 * `/proc/<pid>/stat`. The command's name may hold anything, so that counting starts at the last bracket.
 */
export function processTicks(bytes: Uint8Array, length: number): number | undefined {
  let at = length - 1;
  while (at >= 0 && bytes[at] !== CLOSING_BRACKET) at--;
  if (at < 0) return undefined;
  at = nextWord(bytes, length, at);
  for (let word = 0; word < STATE_TO_UTIME; word++) at = nextWord(bytes, length, at);
  let ticks = 0;
  // utime, stime, and cutime, cstime: a child's time moves to its parent when it is waited for.
  for (let column = 0; column < 4; column++) {
    const value = numberAt(bytes, length, at);
    if (value === undefined) return undefined;
    ticks += value;
    at = nextWord(bytes, length, at);
  }
  return ticks;
}

/** The processes of one replica. Resolution is a clock tick (10 ms); what is cut off one sample comes with the next. */
export class ProcessTree {
  #proc: string;
  #roots: readonly number[];
  #files = new Map<number, KernelFile>();
  #counter = new RisingCounter();

  constructor(roots: readonly number[], proc = '/proc') {
    this.#proc = proc;
    this.#roots = roots;
    this.refresh();
  }

  /** Other processes stand for the replica from now on; the counter goes on without a jump. */
  setRoots(roots: readonly number[]): void {
    if (roots.length === this.#roots.length && roots.every((pid, index) => pid === this.#roots[index])) return;
    this.#roots = roots;
    this.refresh();
    this.#counter.rebase();
  }

  /** Looks for children that were born and opens what is new. Children of a thread other than the first are not seen. */
  refresh(): void {
    const wanted = new Set<number>();
    const queue = [...this.#roots];
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
      if (wanted.has(pid)) continue;
      wanted.add(pid);
      if (!this.#files.has(pid)) this.#open(pid);
      queue.push(...this.#childrenOf(pid));
    }
    for (const [pid, file] of this.#files) {
      if (wanted.has(pid) && file.state === 'open') continue;
      file.close();
      this.#files.delete(pid);
    }
  }

  #open(pid: number): void {
    const file = new KernelFile(join(this.#proc, String(pid), 'stat'));
    if (file.state === 'open') this.#files.set(pid, file);
  }

  #childrenOf(pid: number): number[] {
    try {
      const text = readFileSync(join(this.#proc, String(pid), 'task', String(pid), 'children'), 'utf8');
      return text
        .split(' ')
        .map(Number)
        .filter((child) => Number.isInteger(child) && child > 0);
    } catch {
      return [];
    }
  }

  /** Reads all processes; false when none is left. */
  sample(): boolean {
    let ticks = 0;
    let alive = false;
    for (const file of this.#files.values()) {
      const length = file.read();
      const own = length > 0 ? processTicks(file.bytes, length) : undefined;
      if (own === undefined) continue;
      alive = true;
      ticks += own;
    }
    if (alive) this.#counter.observe(ticks);
    return alive;
  }

  get cpuSeconds(): number {
    return roundSeconds(this.#counter.total / TICKS_PER_SECOND);
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }
}
