/** What stands for a node of the cluster on this machine. */

/** Part of a node in which a process runs: a pod of the mesh, a neighbour that is none of it, or its own services. */
export type Place =
  { readonly kind: 'pod'; readonly uid: string } | { readonly kind: 'neighbour' } | { readonly kind: 'system' };

export interface CommandLine {
  readonly command: string;
  readonly arguments: readonly string[];
}

export interface MeshNode {
  readonly name: string;
  /** CPU that the node has. */
  readonly cores: number;
  /** Flags with which a host agent samples this node and no other. */
  readonly agentFlags: readonly string[];
  /** The command line that runs the given one as part of the node, from its first instruction on. */
  within(place: Place, command: CommandLine): CommandLine;
  /** Called with the process id once a command of `within` runs. */
  started(place: Place, pid: number): void;
  /**
   * Enforces the node's CPU, or lifts it so that everything starts at the machine's own speed. With `fraction` (0 to 1)
   * the node becomes a slower one: the same work keeps it busy for longer. Without quotas it does nothing.
   */
  limit(enforced: boolean, fraction?: number): void;
  /** CPU used by everything on the node so far, in core-seconds. */
  cpuSeconds(): number;
}

export interface NodeSet {
  /** Nodes with their CPU limited. */
  readonly nodes: readonly MeshNode[];
  /** Where gateway, controller and agents run: without limit. */
  readonly edge: MeshNode;
  /** Nodes have no CPU of their own: gateway, load and all else on the machine run on theirs as well. */
  readonly sharesCores: boolean;
  /** What is not as it should be on this machine, for the person in front of it. */
  readonly notice?: string;
  /** Ends what still runs on the nodes and removes them; returns what could not be removed. Synchronous. */
  remove(): readonly string[];
}

export interface NodeSize {
  readonly name: string;
  readonly cores: number;
}
