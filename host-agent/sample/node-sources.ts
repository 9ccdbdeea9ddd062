/** The node as a whole: the machine, some of its CPUs, or a cgroup that stands for a node. */
import type { NodeCpu } from '../../contract/report.ts';
import type { Hierarchy } from './cpu-group.ts';
import { GroupTotal } from './group-total.ts';
import type { MachineCpu } from './proc-stat.ts';
import type { NodeSource } from './sources.ts';

/** The machine, or those of its CPUs that `cpu` counts. */
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

/** CPUs that are added to the machine, or to the group's cpuset, are noticed with this many refreshes. */
const REFRESHES_PER_CPU_COUNT = 4;

/** A cgroup that stands for a node. Its cores are its quota, or the CPUs it is pinned to, or the machine's. */
export class GroupNode implements NodeSource {
  #hierarchy: Hierarchy;
  #path: string;
  #machine: MachineCpu;
  #total: GroupTotal;
  #cpus = 0;
  #refreshes = 0;

  constructor(hierarchy: Hierarchy, path: string, machine: MachineCpu) {
    this.#hierarchy = hierarchy;
    this.#path = path;
    this.#machine = machine;
    this.#total = new GroupTotal(hierarchy);
    this.#total.follow([path]);
  }

  refresh(): void {
    this.#total.follow([this.#path]);
    if (this.#refreshes++ % REFRESHES_PER_CPU_COUNT > 0) return;
    this.#machine.sample();
    const pinned = this.#hierarchy.pinnedCpus(this.#path) ?? Infinity;
    this.#cpus = Math.min(pinned, this.#machine.cores);
  }

  sample(): NodeCpu | undefined {
    if (!this.#total.sample()) {
      this.#total.follow([this.#path]);
      return undefined;
    }
    const { cpuSeconds, limitCores } = this.#total;
    const cores = Math.min(limitCores ?? Infinity, this.#cpus);
    // What the hypervisor takes from the machine does not lower a quota.
    return cores > 0 ? { cores, busySeconds: cpuSeconds, stealSeconds: 0 } : undefined;
  }

  close(): void {
    this.#total.close();
    this.#machine.close();
  }
}
