/** The node as a whole: the machine, some of its CPUs, or a cgroup that stands for a node. */
import type { NodeCpu } from '../../contract/report.ts';
import type { CpuGroup, Hierarchy } from './cpu-group.ts';
import { roundSeconds } from './counter.ts';
import { MachineCpu } from './proc-stat.ts';
import type { NodeSource } from './sources.ts';

/** The machine, or those of its CPUs that `only` names. */
export class MachineNode implements NodeSource {
  #cpu: MachineCpu;

  constructor(cpu: MachineCpu) {
    this.#cpu = cpu;
  }

  refresh(): void {}

  sample(): NodeCpu | undefined {
    return this.#cpu.sample() ? this.#cpu.reading : undefined;
  }

  close(): void {
    this.#cpu.close();
  }
}

/** CPUs are added to a machine, or a group pinned to others, so seldom that one refresh in so many looks for it. */
const CPUS_EVERY = 4;

/** A cgroup that stands for a node. Its cores are its quota, or the CPUs it is pinned to, or the machine's. */
export class GroupNode implements NodeSource {
  #hierarchy: Hierarchy;
  #path: string;
  #machine: MachineCpu;
  #group: CpuGroup;
  #cpus = 0;
  #refreshes = 0;
  /** What groups of this name used that are no more: the node's counter must not fall when one is made anew. */
  #usedBefore = 0;

  constructor(hierarchy: Hierarchy, path: string, machine: MachineCpu) {
    this.#hierarchy = hierarchy;
    this.#path = path;
    this.#machine = machine;
    this.#group = hierarchy.open(path);
  }

  refresh(): void {
    this.#group.refreshLimits();
    if (this.#refreshes++ % CPUS_EVERY > 0) return;
    this.#machine.sample();
    const pinned = this.#hierarchy.pinnedCpus(this.#path) ?? Infinity;
    this.#cpus = Math.min(pinned, this.#machine.cores);
  }

  sample(): NodeCpu | undefined {
    if (!this.#group.sample()) {
      this.#usedBefore += this.#group.reading.cpuSeconds;
      this.#group.close();
      this.#group = this.#hierarchy.open(this.#path);
      return undefined;
    }
    const { cpuSeconds, limitCores } = this.#group.reading;
    const cores = Math.min(limitCores ?? Infinity, this.#cpus);
    // What the hypervisor takes from the machine does not lower a quota.
    return cores > 0 ? { cores, busySeconds: roundSeconds(this.#usedBefore + cpuSeconds), stealSeconds: 0 } : undefined;
  }

  close(): void {
    this.#group.close();
    this.#machine.close();
  }
}
