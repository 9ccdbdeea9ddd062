/** Which replica runs on which node, and all loopback addresses. Pure. */

export interface NodeRoom {
  readonly name: string;
  /** How many replicas the node attracts, relative to the others. */
  readonly appetite: number;
}

export interface PlacedReplica {
  readonly service: string;
  /** `<service>-<ordinal>`, as a StatefulSet names its pods. */
  readonly pod: string;
  /** Index of the node. */
  readonly node: number;
  readonly ip: string;
}

/**
 * Spreads the replicas unevenly, as schedulers do in the long run: a node gets replicas in proportion to its appetite,
 * and a service uses as many different nodes as it has replicas, if there are so many.
 */
export function placeReplicas(
  services: readonly string[],
  replicas: number,
  nodes: readonly NodeRoom[],
  network: string,
): PlacedReplica[] {
  const counts = nodes.map(() => 0);
  return services.flatMap((service) => {
    const own = nodes.map(() => 0);
    return Array.from({ length: replicas }, (_, ordinal) => {
      const node = leastFilled(nodes, own, counts);
      own[node] = (own[node] ?? 0) + 1;
      const slot = counts[node] ?? 0;
      counts[node] = slot + 1;
      return { service, pod: `${service}-${ordinal}`, node, ip: podAddress(network, node, slot) };
    });
  });
}

/** The node with the fewest replicas of this service, and among those the one furthest below its appetite. */
function leastFilled(nodes: readonly NodeRoom[], own: readonly number[], counts: readonly number[]): number {
  const ranked = nodes.map(({ appetite }, node) => {
    return { node, own: own[node] ?? 0, fill: ((counts[node] ?? 0) + 1) / appetite };
  });
  return ranked.toSorted((a, b) => a.own - b.own || a.fill - b.fill)[0]?.node ?? 0;
}

/** Node `index` (from 0) has the addresses `<network>.<index + 1>.x`; below `<network>.0` is the edge. */
function podAddress(network: string, index: number, slot: number): string {
  return `${network}.${index + 1}.${10 + slot}`;
}

/** Address of a node's agent: 0 is the edge, nodes count from 1. */
export function agentAddress(network: string, node: number): string {
  return `${network}.${node}.1`;
}

export function edgeAddresses(network: string): { controller: string; gateway: string } {
  return { controller: `${network}.0.2`, gateway: `${network}.0.10` };
}
