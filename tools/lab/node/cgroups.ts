/**
 * The lab's control groups (version 1): `ballast-lab/<node>` in every hierarchy of this machine. Whatever a node runs is
 * in or below its group, so the groups also tell what is left of a lab, and end it.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BallastError } from '../../../contract/errors.ts';
import { cgroupV1 } from '../../local-mesh/node/cgroup-v1.ts';
import { type CgroupFileSystem, removeGroup } from '../../local-mesh/node/cgroup.ts';
import { LAB } from '../settings.ts';

export interface Hierarchy {
  readonly mountPoint: string;
  /** Options to mount the same hierarchy with, for example `cpu,cpuacct` or `none,name=systemd`. */
  readonly options: string;
  readonly controllers: readonly string[];
}

/** By default a group gets as much CPU as one process outside of it (1024): a cluster is more than that. */
const SHARES = 10 * 1024;

const NO_CONTROLLERS = new Set(['rw', 'ro', 'xattr', 'clone_children', 'noprefix']);

/** Reads the hierarchies out of `/proc/self/mountinfo` (proc(5)): `… <mount point> … - cgroup <source> <options>`. */
export function parseHierarchies(mountinfo: string): Hierarchy[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [left, right] = line.split(' - ');
    const mountPoint = left?.split(' ')[4];
    const [type, , options = ''] = right?.split(' ') ?? [];
    if (mountPoint === undefined || type !== 'cgroup') return [];
    const names = options.split(',').filter((name) => !NO_CONTROLLERS.has(name) && !name.includes('agent='));
    const controllers = names.filter((name) => !name.startsWith('name='));
    const bare = controllers.length === 0;
    return [{ mountPoint, controllers, options: bare ? `none,${names.join(',')}` : controllers.join(',') }];
  });
}

export class LabCgroups {
  readonly hierarchies: readonly Hierarchy[];
  readonly #cpu: CgroupFileSystem;

  constructor(hierarchies: readonly Hierarchy[]) {
    this.hierarchies = hierarchies;
    this.#cpu = cgroupV1(this.#mountOf('cpu'), this.#mountOf('cpuacct'));
  }

  /** @throws BallastError NO_CPU_SOURCE where control groups of version 1 are not mounted */
  static find(): LabCgroups {
    const hierarchies = parseHierarchies(readFileSync('/proc/self/mountinfo', 'utf8'));
    for (const controller of ['cpu', 'cpuacct', 'memory', 'pids', 'devices', 'freezer']) {
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
      // A new group may use no core and no memory until it is told.
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

  /** Files to write a process id to, so that it becomes part of the node. */
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

  /** CPU used by everything on the node since it was created, in core-seconds. */
  cpuSeconds(node: string): number {
    return this.#cpu.cpuSeconds(join(LAB, node));
  }

  /** Kills everything in one node, or in the whole lab, and removes its groups; returns those that would not go. */
  remove(node?: string): string[] {
    const group = node === undefined ? LAB : join(LAB, node);
    const left = this.hierarchies.flatMap(({ mountPoint }) =>
      removeGroup({ ...this.#cpu, directories: () => [join(mountPoint, group)] }, group),
    );
    return left;
  }

  #mountOf(controller: string): string {
    const found = this.hierarchies.find(({ controllers }) => controllers.includes(controller));
    if (!found) throw new BallastError('NO_CPU_SOURCE', `no hierarchy for ${controller}`);
    return found.mountPoint;
  }
}
