/** CPU of all groups that hold one pod or one node, at the same time or one after another. */
import type { CpuGroup, GroupReading, Hierarchy } from './cpu-group.ts';
import { roundSeconds } from './counter.ts';

/** Counters that rise as their groups' do and never fall, whichever groups come and go. */
export class GroupTotal {
  readonly #hierarchy: Hierarchy;
  #groups = new Map<string, CpuGroup>();
  #cpuSeconds = 0;
  #throttledSeconds = 0;
  #limitCores: number | undefined;
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
    let cpuSeconds = 0;
    let throttledSeconds = 0;
    let first: GroupReading | undefined;
    for (const [path, group] of this.#groups) {
      if (!group.sample()) {
        this.#retire(group);
        this.#groups.delete(path);
        continue;
      }
      const { reading } = group;
      cpuSeconds += reading.cpuSeconds;
      throttledSeconds += reading.throttledSeconds;
      first ??= reading;
    }
    this.#cpuSeconds = roundSeconds(this.#pastCpuSeconds + cpuSeconds);
    this.#throttledSeconds = roundSeconds(this.#pastThrottledSeconds + throttledSeconds);
    this.#limitCores = first?.limitCores;
    return this.#groups.size > 0;
  }

  /** As of the last sample. */
  get cpuSeconds(): number {
    return this.#cpuSeconds;
  }

  get throttledSeconds(): number {
    return this.#throttledSeconds;
  }

  get limitCores(): number | undefined {
    return this.#limitCores;
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
