/**
 * Maximum flow from services over their replicas to nodes, by blocking flows in the graph of shortest paths (Dinic
 * 1970). It starts from the current flow, so that small changes of demands and capacities take little time.
 */
import { add, at, indexAt } from './column.ts';

/** The network. Columns as in `allocation-input.ts`. */
export interface FlowLimits {
  readonly firstReplica: Int32Array;
  readonly node: Int32Array;
  /** Cores, per replica. */
  readonly limit: Float64Array;
  /** Cores, per node. */
  readonly capacity: Float64Array;
}

const UNREACHED = 0x7fffffff;

export class Flow {
  /** Cores, per replica. */
  readonly onReplica: Float64Array;
  /** Cores, per service and per node. */
  readonly ofService: Float64Array;
  readonly intoNode: Float64Array;
  /** Replicas by node: those of node n are `replicasByNode[firstOnNode[n]]` to before `[firstOnNode[n + 1]]`. */
  readonly firstOnNode: Int32Array;
  readonly replicasByNode: Int32Array;
  readonly serviceOf: Int32Array;
  /** Steps from a service that wants more, per service and then per node. */
  readonly #level: Int32Array;
  /** The next arc to try, per vertex; those before it lead nowhere. */
  readonly #nextArc: Int32Array;
  readonly #queue: Int32Array;
  readonly #path: Int32Array;
  /** Fraction of the flow into the node that fits, per node. */
  readonly #fitting: Float64Array;
  readonly #services: number;

  constructor(nodes: number, services: number, replicas: number) {
    this.onReplica = new Float64Array(replicas);
    this.ofService = new Float64Array(services);
    this.intoNode = new Float64Array(nodes);
    this.firstOnNode = new Int32Array(nodes + 1);
    this.replicasByNode = new Int32Array(replicas);
    this.serviceOf = new Int32Array(replicas);
    this.#level = new Int32Array(services + nodes);
    this.#nextArc = new Int32Array(services + nodes);
    this.#queue = new Int32Array(services + nodes);
    this.#path = new Int32Array(services + nodes + 1);
    this.#fitting = new Float64Array(nodes);
    this.#services = services;
  }

  /** Indexes the replicas by node and by service. */
  place({ node, firstReplica }: FlowLimits): void {
    const { firstOnNode, replicasByNode } = this;
    for (let s = 0; s < this.#services; s++) this.serviceOf.fill(s, firstReplica[s], firstReplica[s + 1]);
    firstOnNode.fill(0);
    for (let j = 0; j < node.length; j++) firstOnNode[indexAt(node, j)] = indexAt(firstOnNode, indexAt(node, j)) + 1;
    for (let n = 1; n < firstOnNode.length; n++) firstOnNode[n] = indexAt(firstOnNode, n) + indexAt(firstOnNode, n - 1);
    for (let j = node.length - 1; j >= 0; j--) {
      const index = indexAt(firstOnNode, indexAt(node, j)) - 1;
      firstOnNode[indexAt(node, j)] = index;
      replicasByNode[index] = j;
    }
  }

  /** Whether the service is on the source side of the minimum cut of the last flow. */
  hasUnmetDemand(service: number): boolean {
    return this.#level[service] !== UNREACHED;
  }

  /** Whether the node is on the source side of the minimum cut of the last flow. */
  isExhausted(node: number): boolean {
    return this.#level[this.#services + node] !== UNREACHED;
  }

  /**
   * Makes the flow as large as `wanted` and the limits allow.
   *
   * @param wanted cores, per service
   * @param tolerance cores below which no flow is moved
   * @returns cores that are wanted and cannot flow
   */
  maximise(limits: FlowLimits, wanted: Float64Array, tolerance: number): number {
    this.#rescale(limits, wanted);
    for (let s = 0; s < this.#services; s++) this.#useRoom(limits, s, at(wanted, s) - at(this.ofService, s));
    while (this.#findLevels(limits, wanted, tolerance)) {
      for (let s = 0; s < this.#services; s++) this.#nextArc[s] = indexAt(limits.firstReplica, s);
      this.#nextArc.set(this.firstOnNode.subarray(0, this.intoNode.length), this.#services);
      for (let s = 0; s < this.#services; s++) {
        while (at(wanted, s) - at(this.ofService, s) > tolerance) {
          if (!this.#push(limits, s, at(wanted, s) - at(this.ofService, s), tolerance)) break;
        }
      }
    }
    let missing = 0;
    for (let s = 0; s < this.#services; s++) missing += Math.max(0, at(wanted, s) - at(this.ofService, s));
    return missing;
  }

  /** Scales the current flow of each service to what is wanted, and cuts it to the limits and capacities. */
  #rescale({ firstReplica, node, limit, capacity }: FlowLimits, wanted: Float64Array): void {
    const { onReplica, ofService, intoNode } = this;
    intoNode.fill(0);
    for (let s = 0; s < ofService.length; s++) {
      const from = indexAt(firstReplica, s);
      const to = indexAt(firstReplica, s + 1);
      let sum = 0;
      for (let j = from; j < to; j++) sum += at(onReplica, j);
      const part = sum > 0 ? at(wanted, s) / sum : 0;
      for (let j = from; j < to; j++) {
        const cores = Math.min(at(onReplica, j) * part, at(limit, j));
        onReplica[j] = cores;
        add(intoNode, indexAt(node, j), cores);
      }
    }
    const fitting = this.#fitting;
    for (let n = 0; n < intoNode.length; n++) {
      const into = at(intoNode, n);
      fitting[n] = into > at(capacity, n) ? at(capacity, n) / into : 1;
      intoNode[n] = into * at(fitting, n);
    }
    for (let s = 0; s < ofService.length; s++) {
      let sum = 0;
      for (let j = indexAt(firstReplica, s); j < indexAt(firstReplica, s + 1); j++) {
        onReplica[j] = at(onReplica, j) * at(fitting, indexAt(node, j));
        sum += at(onReplica, j);
      }
      ofService[s] = sum;
    }
  }

  /** Sends what the service still wants to its own nodes, where they have room. */
  #useRoom({ firstReplica, node, limit, capacity }: FlowLimits, service: number, missing: number): void {
    let rest = missing;
    for (let j = indexAt(firstReplica, service); rest > 0 && j < indexAt(firstReplica, service + 1); j++) {
      const n = indexAt(node, j);
      const ofReplica = at(limit, j) - at(this.onReplica, j);
      const cores = Math.max(0, Math.min(rest, ofReplica, at(capacity, n) - at(this.intoNode, n)));
      add(this.onReplica, j, cores);
      add(this.intoNode, n, cores);
      add(this.ofService, service, cores);
      rest -= cores;
    }
  }

  /** Searches breadth first from all services that want more. Returns whether it reaches a node with room. */
  #findLevels(limits: FlowLimits, wanted: Float64Array, tolerance: number): boolean {
    const { onReplica } = this;
    const level = this.#level;
    const queue = this.#queue;
    const services = this.#services;
    let tail = 0;
    level.fill(UNREACHED);
    for (let s = 0; s < services; s++) {
      if (at(wanted, s) - at(this.ofService, s) <= tolerance) continue;
      level[s] = 0;
      queue[tail++] = s;
    }
    let isOpen = false;
    for (let head = 0; head < tail; head++) {
      const vertex = indexAt(queue, head);
      const further = indexAt(level, vertex) + 1;
      if (vertex < services) {
        for (let j = indexAt(limits.firstReplica, vertex); j < indexAt(limits.firstReplica, vertex + 1); j++) {
          const to = services + indexAt(limits.node, j);
          if (level[to] !== UNREACHED || at(limits.limit, j) - at(onReplica, j) <= tolerance) continue;
          level[to] = further;
          queue[tail++] = to;
        }
        continue;
      }
      const node = vertex - services;
      if (at(limits.capacity, node) - at(this.intoNode, node) > tolerance) isOpen = true;
      for (let index = indexAt(this.firstOnNode, node); index < indexAt(this.firstOnNode, node + 1); index++) {
        const j = indexAt(this.replicasByNode, index);
        const to = indexAt(this.serviceOf, j);
        if (level[to] !== UNREACHED || at(onReplica, j) <= tolerance) continue;
        level[to] = further;
        queue[tail++] = to;
      }
    }
    return isOpen;
  }

  /**
   * Searches depth first along rising levels for a node with room, and sends what fits. Returns whether it found one.
   */
  #push(limits: FlowLimits, root: number, most: number, tolerance: number): boolean {
    const services = this.#services;
    const path = this.#path;
    const level = this.#level;
    const nextArc = this.#nextArc;
    let depth = 0;
    let vertex = root;
    for (;;) {
      if (vertex >= services) {
        const room = at(limits.capacity, vertex - services) - at(this.intoNode, vertex - services);
        if (room > tolerance) {
          this.#augment(limits, root, vertex - services, depth, Math.min(most, room));
          return true;
        }
      }
      const isService = vertex < services;
      const end = isService
        ? indexAt(limits.firstReplica, vertex + 1)
        : indexAt(this.firstOnNode, vertex - services + 1);
      let to = -1;
      for (let arc = indexAt(nextArc, vertex); arc < end; arc++) {
        const j = isService ? arc : indexAt(this.replicasByNode, arc);
        const room = isService ? at(limits.limit, j) - at(this.onReplica, j) : at(this.onReplica, j);
        nextArc[vertex] = arc;
        if (room <= tolerance) continue;
        const other = isService ? services + indexAt(limits.node, j) : indexAt(this.serviceOf, j);
        if (level[other] !== indexAt(level, vertex) + 1) continue;
        to = other;
        path[depth++] = j;
        break;
      }
      if (to >= 0) {
        vertex = to;
        continue;
      }
      nextArc[vertex] = end;
      if (depth === 0) return false;
      depth -= 1;
      const arc = indexAt(path, depth);
      vertex = isService ? services + indexAt(limits.node, arc) : indexAt(this.serviceOf, arc);
      nextArc[vertex] = indexAt(nextArc, vertex) + 1;
    }
  }

  #augment(limits: FlowLimits, root: number, node: number, depth: number, most: number): void {
    const { onReplica } = this;
    let amount = most;
    for (let index = 0; index < depth; index++) {
      const j = indexAt(this.#path, index);
      amount = Math.min(amount, index % 2 === 0 ? at(limits.limit, j) - at(onReplica, j) : at(onReplica, j));
    }
    for (let index = 0; index < depth; index++) {
      const j = indexAt(this.#path, index);
      add(onReplica, j, index % 2 === 0 ? amount : -amount);
    }
    add(this.ofService, root, amount);
    add(this.intoNode, node, amount);
  }
}
