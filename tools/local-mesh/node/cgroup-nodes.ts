/** Nodes as control groups with a CPU quota. Pods are below them, in kubelet's layout. */
import { type CgroupFileSystem, removeGroup } from '../../machine/cgroup.ts';
import type { CommandLine, MeshNode, NodeSet, NodeSize, Place } from './mesh-node.ts';

/**
 * High shares, so that nodes get their CPU even on a busy machine, and the neighbour gets its CPU even beside busy
 * pods.
 */
const NODE_SHARE = 16;
const NEIGHBOUR_SHARE = 16;

/**
 * Enters the groups and then becomes the command, so that the command uses no CPU outside of them. The arguments are
 * the `cgroup.procs` files, `--`, and the command with its arguments.
 */
const LAUNCHER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 126; shift; done; shift; exec "$@"';

class CgroupNode implements MeshNode {
  readonly name: string;
  readonly cores: number;
  readonly agentFlags: readonly string[];
  readonly #files: CgroupFileSystem;
  readonly #group: string;
  readonly #limited: boolean;

  constructor(files: CgroupFileSystem, run: string, size: NodeSize, limited: boolean) {
    this.name = size.name;
    this.cores = size.cores;
    this.#files = files;
    this.#group = `${run}/${size.name}`;
    this.#limited = limited;
    this.agentFlags = ['--node-cgroup', this.#group];
    files.create(`${this.#group}/kubepods/burstable`);
    files.setShare(this.#group, NODE_SHARE);
    this.limit(true);
  }

  within(place: Place, { command, arguments: args }: CommandLine): CommandLine {
    const group = this.#groupOf(place);
    this.#files.create(group);
    if (place.kind === 'neighbour') this.#files.setShare(group, NEIGHBOUR_SHARE);
    const entries = this.#files.directories(group).map((directory) => `${directory}/cgroup.procs`);
    return { command: '/bin/sh', arguments: ['-c', LAUNCHER, 'launcher', ...entries, '--', command, ...args] };
  }

  started(): void {}

  limit(enforced: boolean, fraction = 1): void {
    if (this.#limited) this.#files.setQuota(this.#group, enforced ? fraction * this.cores : undefined);
  }

  cpuSeconds(): number {
    return this.#files.cpuSeconds(this.#group);
  }

  #groupOf(place: Place): string {
    return place.kind === 'pod' ? `${this.#group}/kubepods/burstable/pod${place.uid}` : `${this.#group}/${place.kind}`;
  }
}

/** Makes the nodes below the group `run`. `edgeCores` is the nominal size of the node without a limit. */
export function createCgroupNodes(
  files: CgroupFileSystem,
  run: string,
  sizes: readonly NodeSize[],
  edgeCores: number,
): NodeSet {
  files.create(run);
  files.setShare(run, NODE_SHARE);
  return {
    nodes: sizes.map((size) => new CgroupNode(files, run, size, true)),
    edge: new CgroupNode(files, run, { name: 'edge', cores: edgeCores }, false),
    sharesCores: false,
    remove: () => removeGroup(files, run),
  };
}
