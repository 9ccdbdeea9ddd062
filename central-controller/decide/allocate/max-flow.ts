/** Maximum flow in a capacitated network. Dinic 1970: blocking flows in the graph of shortest paths. */

/** Edges come in pairs: edge e and its reverse e ^ 1, whose residual is the flow on e. */
export interface FlowNetwork {
  readonly edgesFrom: number[][];
  readonly to: number[];
  readonly residual: number[];
}

export function createNetwork(vertices: number): FlowNetwork {
  return { edgesFrom: Array.from({ length: vertices }, () => []), to: [], residual: [] };
}

export function addEdge(network: FlowNetwork, from: number, to: number, capacity: number): void {
  network.edgesFrom[from]?.push(network.to.length);
  network.to.push(to);
  network.residual.push(capacity);
  network.edgesFrom[to]?.push(network.to.length);
  network.to.push(from);
  network.residual.push(0);
}

/**
 * Pushes as much as fits from source to sink and leaves the residual network behind.
 *
 * @param tolerance residual below which an edge counts as full
 * @returns the vertices that the source still reaches: the source side of a minimum cut, and the flow across it
 */
export function maximiseFlow(
  network: FlowNetwork,
  source: number,
  sink: number,
  tolerance: number,
): { flow: number; sourceSide: boolean[] } {
  let flow = 0;
  for (;;) {
    const level = levels(network, source, tolerance);
    if (level[sink] === -1) return { flow, sourceSide: Array.from(level, (value) => value >= 0) };
    const next = new Int32Array(level.length);
    let pushed: number;
    do {
      pushed = push(network, source, sink, Infinity, level, next, tolerance);
      flow += pushed;
    } while (pushed > 0);
  }
}

/** Distance of each vertex from the source along edges that are not full; -1 where it cannot be reached. */
function levels(network: FlowNetwork, source: number, tolerance: number): Int32Array {
  const level = new Int32Array(network.edgesFrom.length).fill(-1);
  level[source] = 0;
  const queue = [source];
  for (const vertex of queue) {
    for (const edge of network.edgesFrom[vertex] ?? []) {
      const to = network.to[edge] ?? 0;
      if (level[to] === -1 && (network.residual[edge] ?? 0) > tolerance) {
        level[to] = (level[vertex] ?? 0) + 1;
        queue.push(to);
      }
    }
  }
  return level;
}

/** Pushes along one path of rising levels; `next` remembers, per vertex, the edges that lead nowhere any more. */
function push(
  network: FlowNetwork,
  vertex: number,
  sink: number,
  limit: number,
  level: Int32Array,
  next: Int32Array,
  tolerance: number,
): number {
  if (vertex === sink) return limit;
  const edges = network.edgesFrom[vertex] ?? [];
  for (let at = next[vertex] ?? 0; at < edges.length; at++, next[vertex] = at) {
    const edge = edges[at] ?? 0;
    const room = network.residual[edge] ?? 0;
    const to = network.to[edge] ?? 0;
    if (room <= tolerance || level[to] !== (level[vertex] ?? 0) + 1) continue;
    const pushed = push(network, to, sink, Math.min(limit, room), level, next, tolerance);
    if (pushed > 0) {
      network.residual[edge] = room - pushed;
      network.residual[edge ^ 1] = (network.residual[edge ^ 1] ?? 0) + pushed;
      return pushed;
    }
  }
  return 0;
}
