import type { NodeShape } from '../fleet/ports.ts';
import type { ReplicaPlan } from '../fleet/replica.ts';

export function equalNodes(count: number, cores: number): NodeShape[] {
  return Array.from({ length: count }, () => ({ cores }));
}

/** One replica on each node named, in this order; `odd` changes some of them, by index. */
export function replicasOn(
  nodes: readonly number[],
  allocationCores: number,
  odd: Readonly<Record<number, Partial<ReplicaPlan>>> = {},
): ReplicaPlan[] {
  return nodes.map((node, replica) => ({ node, allocationCores, ...odd[replica] }));
}

/** The same number of replicas on each node. */
export function evenly(nodes: number, perNode: number): number[] {
  return Array.from({ length: nodes * perNode }, (_, replica) => replica % nodes);
}

/** Requests per second that use this many cores. */
export function rateFor(cores: number, work: { readonly mean: number }): number {
  return cores / work.mean;
}
