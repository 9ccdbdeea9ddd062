import type { Timeline } from './ports.ts';

/** What runs in a group. */
export interface CpuConsumer {
  /** CPU granted since the last call, core-seconds. */
  used(coreSeconds: number): void;
  /** Its grant changed. */
  granted(): void;
}

/** A control group that competes for its node's processor. */
export class CpuGroup {
  readonly node: CpuNode;
  readonly weight: number;
  readonly consumer: CpuConsumer;
  /** Cores that the group could use now. */
  demand = 0;
  /** Cores that it gets now. */
  cores = 0;
  #used = 0;
  #settledAt = 0;

  constructor(node: CpuNode, weight: number, consumer: CpuConsumer) {
    this.node = node;
    this.weight = weight;
    this.consumer = consumer;
  }

  /** Counts what the group used until now, and notifies its consumer. */
  settle(): void {
    const { now } = this.node.timeline;
    const used = this.cores * (now - this.#settledAt);
    this.#settledAt = now;
    this.#used += used;
    this.consumer.used(used);
  }

  /** CPU used since the start, core-seconds. */
  get usedSeconds(): number {
    return this.#used + this.cores * (this.node.timeline.now - this.#settledAt);
  }
}

/**
 * Cores shared by groups as Linux CFS shares them among control groups, as a fluid: no group gets more than it
 * demands, and those that want more get the rest in proportion to their weights (weighted max-min, by water-filling).
 */
export class CpuNode {
  readonly timeline: Timeline;
  /** Rises with every change of demand or size. */
  version = 0;
  #cores: number;
  readonly #groups: CpuGroup[] = [];

  constructor(timeline: Timeline, cores: number) {
    this.timeline = timeline;
    this.#cores = cores;
  }

  get cores(): number {
    return this.#cores;
  }

  resize(cores: number): void {
    this.#cores = cores;
    this.#share();
  }

  addGroup(weight: number, consumer: CpuConsumer): CpuGroup {
    const group = new CpuGroup(this, weight, consumer);
    this.#groups.push(group);
    return group;
  }

  demand(group: CpuGroup, cores: number): void {
    if (group.demand === cores) return;
    group.demand = cores;
    this.#share();
  }

  /** Cores that `group` would get if it demanded `cores` while the others stay as they are. */
  wouldGrant(group: CpuGroup, cores: number): number {
    return Math.min(cores, group.weight * this.#level(group, cores));
  }

  busySeconds(): number {
    return this.#groups.reduce((sum, group) => sum + group.usedSeconds, 0);
  }

  #share(): void {
    this.version++;
    const level = this.#level();
    for (const group of this.#groups) {
      const cores = Math.min(group.demand, group.weight * level);
      if (cores === group.cores) continue;
      group.settle();
      group.cores = cores;
      group.consumer.granted();
    }
  }

  /** Cores per unit of weight at which the node is just full; infinite if the demand fits. */
  #level(changed?: CpuGroup, changedDemand = 0): number {
    let level = 0;
    // Each round fixes the groups that want no more than the level; the level only rises, so it ends.
    for (;;) {
      let left = this.#cores;
      let weight = 0;
      for (const group of this.#groups) {
        const demand = group === changed ? changedDemand : group.demand;
        if (demand <= group.weight * level) left -= demand;
        else weight += group.weight;
      }
      if (weight === 0) return Number.POSITIVE_INFINITY;
      const next = left / weight;
      if (next <= level) return level;
      level = next;
    }
  }
}
