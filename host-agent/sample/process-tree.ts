/** CPU of plain processes and their descendants, from `/proc/<pid>/stat`: for replicas that have no cgroup. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { roundSeconds } from './counter.ts';
import { KernelFile } from './kernel-file.ts';
import { TICKS_PER_SECOND } from './proc-stat.ts';
import { parseProcessStat, startClock } from './process-stat.ts';

/** One process. Counters are its last readings in ticks; undefined before the first. */
interface Member {
  readonly file: KernelFile;
  /** The process that it was found below; undefined for a root. */
  parent: number | undefined;
  /** It may have started since the last look, so that all that it used counts. */
  readonly mayBeNew: boolean;
  own: number | undefined;
  waited: number;
  /** By how much `waited` rose with this sample. */
  waitedRise: number;
  /** Ticks of children that ended, which count already and are about to be in `waited`, too. */
  ended: number;
  /** The same of the sample before this one. */
  endedBefore: number;
}

/** The processes of one replica. Resolution is a clock tick (10 ms); what one sample cuts off comes with the next. */
export class ProcessTree {
  #proc: string;
  #roots: readonly number[];
  #clock: () => number;
  #lookedAt: number;
  /** By process id; a parent comes before its children. */
  #members = new Map<number, Member>();
  #ticks = 0;

  /** @param clock the time on the scale on which `/proc/<pid>/stat` gives the start of a process */
  constructor(roots: readonly number[], proc = '/proc', clock = startClock()) {
    this.#proc = proc;
    this.#roots = roots;
    this.#clock = clock;
    this.#lookedAt = Infinity;
    this.refresh();
  }

  /** Follows other processes from now on; the counter goes on without a jump. */
  setRoots(roots: readonly number[]): void {
    if (roots.length === this.#roots.length && roots.every((pid, index) => pid === this.#roots[index])) return;
    this.#roots = roots;
    this.#lookedAt = Infinity;
    const found = this.#look(roots);
    for (const [pid, { file }] of this.#members) {
      if (found.has(pid)) continue;
      file.close();
      this.#members.delete(pid);
    }
  }

  /**
   * Looks for new children. Who was found once stays until it ends: the kernel may leave a child out of its list while
   * others end.
   */
  refresh(): void {
    this.#look([...this.#roots, ...this.#members.keys()]);
  }

  /** Opens what is new among `pids` and their descendants, and returns all of them. */
  #look(pids: readonly number[]): Set<number> {
    const lookedAt = Math.floor(this.#clock());
    const found = new Set<number>();
    const queue = [...pids];
    for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
      if (found.has(pid)) continue;
      found.add(pid);
      this.#open(pid);
      for (const child of this.#childrenOf(pid)) {
        this.#open(child, pid);
        queue.push(child);
      }
    }
    this.#lookedAt = lookedAt;
    return found;
  }

  #open(pid: number, parent?: number): void {
    const known = this.#members.get(pid);
    if (known) {
      known.parent = parent ?? known.parent;
      return;
    }
    const file = new KernelFile(join(this.#proc, String(pid), 'stat'));
    if (file.state !== 'open') return;
    const stat = parseProcessStat(file.bytes, file.read());
    const mayBeNew = stat !== undefined && stat.startedAt >= this.#lookedAt;
    const counters = { own: undefined, waited: 0, waitedRise: 0, ended: 0, endedBefore: 0 };
    this.#members.set(pid, { file, parent, mayBeNew, ...counters });
  }

  /** Children of all threads: a child is listed with the thread that started it. */
  #childrenOf(pid: number): number[] {
    const tasks = join(this.#proc, String(pid), 'task');
    try {
      return readdirSync(tasks).flatMap((thread) =>
        readFileSync(join(tasks, thread, 'children'), 'utf8')
          .split(' ')
          .map(Number)
          .filter((child) => Number.isInteger(child) && child > 0),
      );
    } catch {
      return []; // The process ended while we looked.
    }
  }

  /** Reads all processes; false when none is left. */
  sample(): boolean {
    // A parent is read before its children: a child that is read has not yet been waited for when its parent was.
    const ended = [...this.#members].filter(([, member]) => !this.#read(member));
    // What a child used moves to its parent's `waited` when the parent waits for it, and has been counted already.
    for (const [pid, { file, parent, own = 0, waited, ended: below }] of ended.toReversed()) {
      const heir = parent === undefined ? undefined : this.#members.get(parent);
      if (heir) heir.ended += own + waited + below;
      file.close();
      this.#members.delete(pid);
    }
    for (const member of this.#members.values()) this.#countWaited(member);
    return this.#members.size > 0;
  }

  /** Reads the counters of a process and counts its own rise; false when it has ended. */
  #read(member: Member): boolean {
    const { file, own: lastOwn, waited: lastWaited } = member;
    const length = file.read();
    const stat = length > 0 ? parseProcessStat(file.bytes, length) : undefined;
    // Times never fall while a process lives.
    if (stat === undefined || stat.own < (lastOwn ?? 0)) return false;
    const isFirst = lastOwn === undefined && !member.mayBeNew;
    member.waitedRise = isFirst ? 0 : Math.max(0, stat.waited - lastWaited);
    if (!isFirst) this.#ticks += stat.own - (lastOwn ?? 0);
    member.own = stat.own;
    member.waited = stat.waited;
    return true;
  }

  /** Counts the rise of `waited` less what was counted of the children it came from. */
  #countWaited(member: Member): void {
    const afterOld = Math.max(0, member.waitedRise - member.endedBefore);
    this.#ticks += Math.max(0, afterOld - member.ended);
    // A parent that ignores its children's end never gets their time: what the next sample does not show lapses.
    member.endedBefore = Math.max(0, member.ended - afterOld);
    member.ended = 0;
  }

  get cpuSeconds(): number {
    return roundSeconds(this.#ticks / TICKS_PER_SECOND);
  }

  close(): void {
    for (const { file } of this.#members.values()) file.close();
    this.#members.clear();
  }
}
