/** Chooses where CPU counters come from, by what the command line names and what the machine has. */
import { existsSync } from 'node:fs';
import { BallastError } from '../../contract/errors.ts';
import { CgroupReplicas } from './cgroup-replicas.ts';
import type { Hierarchy } from './cpu-group.ts';
import { detectHierarchy } from './detect-hierarchy.ts';
import { GroupNode, MachineNode } from './node-sources.ts';
import { PodGroups } from './pod-groups.ts';
import { MachineCpu } from './proc-stat.ts';
import { ProcessReplicas } from './process-replicas.ts';
import type { NodeSource, ReplicaSource } from './sources.ts';

export interface SourceOptions {
  readonly cgroupRoot: string;
  readonly nodeCgroup: string | undefined;
  readonly processes: string | undefined;
  readonly cpus: ReadonlySet<number> | undefined;
}

export interface Sources {
  readonly node: NodeSource;
  readonly replicas: ReplicaSource;
  /** The cgroups of the pods; undefined where replicas are plain processes. */
  readonly pods: { readonly hierarchy: Hierarchy; readonly groups: PodGroups } | undefined;
  /** Of the hierarchy that counts CPU; undefined where it is counted without one. */
  readonly cgroupVersion: 'v1' | 'v2' | undefined;
  /** For the log. */
  readonly description: string;
}

/**
 * @param warn hears of contents of the `--processes` file that cannot be used, and of a node without cgroups of pods
 * @throws BallastError NO_CPU_SOURCE when what the options name is not there
 */
export function openSources(options: SourceOptions, warn: (why: string) => void): Sources {
  const machine = new MachineCpu('/proc/stat', options.cpus);
  if (options.processes !== undefined && options.nodeCgroup === undefined) {
    const replicas = new ProcessReplicas(options.processes, warn);
    return {
      node: new MachineNode(machine),
      replicas,
      pods: undefined,
      cgroupVersion: undefined,
      description: '/proc',
    };
  }
  const hierarchy = detectHierarchy(options.cgroupRoot);
  const nodePath = options.nodeCgroup ?? '';
  if (!existsSync(hierarchy.directory(nodePath))) {
    throw new BallastError('NO_CPU_SOURCE', `--node-cgroup ${nodePath}: no such group in ${options.cgroupRoot}`);
  }
  const node =
    nodePath === '' && hierarchy.isWholeMachine()
      ? new MachineNode(machine)
      : new GroupNode(hierarchy, nodePath, machine);
  const counted = { cgroupVersion: hierarchy.version, description: `cgroup ${hierarchy.version}` };
  if (options.processes !== undefined) {
    return { node, replicas: new ProcessReplicas(options.processes, warn), pods: undefined, ...counted };
  }
  const groups = new PodGroups(hierarchy, nodePath);
  return { node, replicas: new CgroupReplicas(hierarchy, groups, warn), pods: { hierarchy, groups }, ...counted };
}
