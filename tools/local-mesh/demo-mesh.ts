/** What the demo needs of a mesh, be it of processes on this machine or of pods in a cluster. */
import type { CpuCounter } from './phases/cpu-recorder.ts';
import type { ShownStep } from './progress.ts';
import type { Balancer } from './report/phases.ts';

export interface DemoNode extends CpuCounter {
  /** Enforces the node's CPU, or lifts it so that everything starts at the machine's own speed. */
  limit(enforced: boolean): void;
}

/** Port. What `steps` bring about is there once they have been run. */
export interface DemoMesh<Node extends DemoNode = DemoNode> {
  readonly steps: readonly ShownStep[];
  readonly gateway: URL;
  /** Nodes of limited CPU, with the replicas. */
  readonly nodes: readonly Node[];
  /** Everything of the mesh that runs beside the nodes. */
  readonly edge: CpuCounter;
  readonly replicas: readonly { readonly nodeName: string }[];
  /** The nodes share the machine's cores with everything else, instead of having a quota each. */
  readonly sharesCores: boolean;
  /** Aborted, with what ended it as the reason, when the mesh does not serve any more. */
  readonly broken: AbortSignal;
  balanceBy(balancer: Balancer): Promise<void> | void;
  /** Starts a neighbour that takes so many cores of the node. */
  startNeighbour(node: Node, cores: number): Promise<void> | void;
  stopNeighbour(): Promise<void>;
}
