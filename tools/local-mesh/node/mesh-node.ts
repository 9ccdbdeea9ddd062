/** A node of the cluster, as this machine has it. */

/**
 * Where on a node a process runs: in a pod of the mesh, in a neighbour outside of the mesh, or in the node's system.
 */
export type Place =
  { readonly kind: 'pod'; readonly uid: string } | { readonly kind: 'neighbour' } | { readonly kind: 'system' };

export interface CommandLine {
  readonly command: string;
  readonly arguments: readonly string[];
}

export interface MeshNode {
  readonly name: string;
  /** CPU of the node. */
  readonly cores: number;
  /** Flags with which a host agent samples only this node. */
  readonly agentFlags: readonly string[];
  /** The command line that runs the given command as part of the node from its first instruction. */
  within(place: Place, command: CommandLine): CommandLine;
  /** Must be called with the process id when a command of `within` has started. */
  started(place: Place, pid: number): void;
  /**
   * Enforces the node's CPU limit, or lifts it so that everything starts at the machine's speed. A `fraction` (0 to 1)
   * makes the node slower. On nodes without quotas this does nothing.
   */
  limit(enforced: boolean, fraction?: number): void;
  /** CPU that everything on the node has used so far, in core-seconds. */
  cpuSeconds(): number;
}

export interface NodeSet {
  /** Nodes with limited CPU. */
  readonly nodes: readonly MeshNode[];
  /** The node of gateway, controller and agents, without a limit. */
  readonly edge: MeshNode;
  /** True if the nodes share their cores with gateway, load and everything else on the machine. */
  readonly sharesCores: boolean;
  /** A limitation of this machine, for the user. */
  readonly notice?: string;
  /** Kills what still runs on the nodes and removes them; returns what could not be removed. Synchronous. */
  remove(): readonly string[];
}

export interface NodeSize {
  readonly name: string;
  readonly cores: number;
}
