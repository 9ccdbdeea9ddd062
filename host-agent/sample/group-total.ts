/** CPU of all groups that hold one pod or one node, at the same time or one after another. */
import type { CpuGroup, Hierarchy } from './cpu-group.ts';
import { roundSeconds } from './counter.ts';

/** Counters that rise as their groups' do and never fall, whichever groups come and go. */
export class GroupTotal {
  readonly #hierarchy: Hierarchy;
  #groups = new Map<string, CpuGroup>();
  /** Totals of the groups that are no more. */
  #pastCpuSeconds = 0;
  #pastThrottledSeconds = 0;

  constructor(hierarchy: Hierarchy) {
    this.#hierarchy = hierarchy;
  }

  /** Reads these groups from now on, and the limits of all. The limit of the first group counts. */
  follow(paths: readonly string[]): void {
    const before = this.#groups;
    this.#groups = new Map(paths.map((path) => [path, before.get(path) ?? this.#hierarchy.open(path)]));
    for (const [path, group] of before) {
      if (this.#groups.has(path)) group.refreshLimits();
      else this.#retire(group);
    }
  }

  /** Reads the counters; false when no group is left. */
  sample(): boolean {
    for (const [path, group] of this.#groups) {
      if (group.sample()) continue;
      this.#retire(group);
      this.#groups.delete(path);
    }
    return this.#groups.size > 0;
  }

  get cpuSeconds(): number {
    let sum = this.#pastCpuSeconds;
    for (const { reading } of this.#groups.values()) sum += reading.cpuSeconds;
    return roundSeconds(sum);
  }

  get throttledSeconds(): number {
    let sum = this.#pastThrottledSeconds;
    for (const { reading } of this.#groups.values()) sum += reading.throttledSeconds;
    return roundSeconds(sum);
  }

  get limitCores(): number | undefined {
    const [first] = this.#groups.values();
    return first?.reading.limitCores;
  }

  #retire(group: CpuGroup): void {
    const { cpuSeconds, throttledSeconds } = group.reading;
    this.#pastCpuSeconds += cpuSeconds;
    this.#pastThrottledSeconds += throttledSeconds;
    group.close();
  }

  close(): void {
    this.follow([]);
  }
}
