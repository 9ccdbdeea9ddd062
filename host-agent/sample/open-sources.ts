/** Chooses where the figures come from, by what the command line names and the machine has. */
import { existsSync } from 'node:fs';
import { BallastError } from '../../contract/errors.ts';
import { CgroupReplicas } from './cgroup-replicas.ts';
import type { Hierarchy } from './cpu-group.ts';
import { detectHierarchy } from './detect-hierarchy.ts';
import { GroupNode, MachineNode } from './node-sources.ts';
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
  /** The groups of the pods, where replicas are told by these. */
  readonly pods: { readonly hierarchy: Hierarchy; readonly nodePath: string } | undefined;
  /** For the log. */
  readonly description: string;
}

/**
 * Opens the sources. `refused` hears of contents of the `--processes` file that cannot be used.
 * @throws BallastError NO_CPU_SOURCE when what the options name is not there
 */
export function openSources(options: SourceOptions, refused: (why: string) => void): Sources {
  const machine = new MachineCpu('/proc/stat', options.cpus);
  if (options.processes !== undefined && options.nodeCgroup === undefined) {
    const replicas = new ProcessReplicas(options.processes, refused);
    return { node: new MachineNode(machine), replicas, pods: undefined, description: '/proc' };
  }
  const hierarchy = detectHierarchy(options.cgroupRoot);
  const nodePath = options.nodeCgroup ?? '';
  if (!existsSync(hierarchy.directory(nodePath))) {
    throw new BallastError('NO_CPU_SOURCE', `--node-cgroup ${nodePath}: no such group in ${options.cgroupRoot}`);
  }
  return {
    node:
      nodePath === '' && hierarchy.isWholeMachine()
        ? new MachineNode(machine)
        : new GroupNode(hierarchy, nodePath, machine),
    replicas:
      options.processes === undefined
        ? new CgroupReplicas(hierarchy, nodePath)
        : new ProcessReplicas(options.processes, refused),
    pods: options.processes === undefined ? { hierarchy, nodePath } : undefined,
    description: `cgroup ${hierarchy.version}`,
  };
}
