/**
 * The lab's control groups (version 1): `ballast-lab/<node>` in every hierarchy of this machine. Everything that a node
 * runs is in or below its group, so the groups show what is left of a lab, and removing them ends it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '../../../contract/errors.ts';
import { type CgroupFileSystem, removeGroup } from '../../machine/cgroup.ts';
import { type Hierarchy, mountedHierarchies } from '../../machine/cgroup-mounts.ts';
import { cgroupV1 } from '../../machine/cgroup-versions.ts';
import { LAB } from '../settings.ts';

/** `cpu.shares` of the whole lab. The default, 1024, would give a cluster as much CPU as one process outside of it. */
const SHARES = 10 * 1024;

const NEEDED = ['cpu', 'cpuacct', 'memory', 'pids', 'devices', 'freezer'];

export class LabCgroups {
  readonly hierarchies: readonly Hierarchy[];
  readonly #cpu: CgroupFileSystem;

  constructor(hierarchies: readonly Hierarchy[]) {
    this.hierarchies = hierarchies;
    this.#cpu = cgroupV1(this.#mountOf('cpu'), this.#mountOf('cpuacct'));
  }

  /** @throws BallastError NO_CPU_SOURCE where control groups of version 1 are not mounted */
  static find(): LabCgroups {
    const hierarchies = mountedHierarchies().filter(({ version }) => version === 1);
    for (const controller of NEEDED) {
      if (hierarchies.some(({ controllers }) => controllers.includes(controller))) continue;
      throw new BallastError(
        'NO_CPU_SOURCE',
        `the lab needs control groups of version 1, and there is no ${controller} hierarchy of that version here; ` +
          'boot with systemd.unified_cgroup_hierarchy=0',
      );
    }
    return new LabCgroups(hierarchies);
  }

  create(node: string): void {
    for (const { mountPoint, controllers } of this.hierarchies) {
      mkdirSync(join(mountPoint, LAB, node), { recursive: true });
      if (controllers.includes('cpu')) writeFileSync(join(mountPoint, LAB, 'cpu.shares'), String(SHARES));
      if (!controllers.includes('cpuset')) continue;
      // A new group may use no core and no memory until it gets some of its parent's.
      for (const [parent, group] of [
        ['', LAB],
        [LAB, join(LAB, node)],
      ] as const) {
        for (const file of ['cpuset.cpus', 'cpuset.mems']) {
          writeFileSync(join(mountPoint, group, file), readFileSync(join(mountPoint, parent, file)));
        }
      }
    }
  }

  /** Files that make a process part of the node when its id is written to each. */
  processFiles(node: string): string[] {
    return this.hierarchies.map(({ mountPoint }) => join(mountPoint, LAB, node, 'cgroup.procs'));
  }

  /** Directory of the node's group in the hierarchy of a controller. */
  directory(node: string, controller: string): string {
    return join(this.#mountOf(controller), LAB, node);
  }

  /** Sets the node's CPU in cores; `undefined` lifts the limit. */
  setQuota(node: string, cores: number | undefined): void {
    this.#cpu.setQuota(join(LAB, node), cores);
  }

  /** CPU that everything on the node has used since the node was created, in core-seconds. */
  cpuSeconds(node: string): number {
    return this.#cpu.cpuSeconds(join(LAB, node));
  }

  /**
   * Kills everything in one node, or in the whole lab, and removes its groups; returns those that could not be removed.
   */
  remove(node?: string): string[] {
    const group = node === undefined ? LAB : join(LAB, node);
    return this.hierarchies.flatMap(({ mountPoint }) =>
      removeGroup({ directories: () => [join(mountPoint, group)] }, group),
    );
  }

  #mountOf(controller: string): string {
    const found = this.hierarchies.find(({ controllers }) => controllers.includes(controller));
    if (!found) throw new BallastError('NO_CPU_SOURCE', `no hierarchy for ${controller}`);
    return found.mountPoint;
  }
}
