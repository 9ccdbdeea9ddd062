/**
 * Maximum flow from services over their replicas to nodes. Dinic 1970: blocking flows in the graph of shortest paths.
 * It goes on from the flow that is there, so that small changes of demands and capacities cost little.
 */

/** What may flow. Columns as in `allocation-input.ts`. */
export interface FlowLimits {
  readonly firstReplica: Int32Array;
  readonly node: Int32Array;
  /** Cores, per replica. */
  readonly limit: Float64Array;
  /** Cores, per node. */
  readonly capacity: Float64Array;
}

const FAR = 0x7fffffff;

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
  /** Steps from a service that wants more, per service and then per node; FAR where there is no way. */
  readonly #level: Int32Array;
  /** Per vertex: the arc that is tried next, those before it lead nowhere any more. */
  readonly #nextArc: Int32Array;
  readonly #queue: Int32Array;
  readonly #path: Int32Array;
  /** Per node: part of the flow there that fits. */
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

  /** Takes note of the placement. */
  place({ node, firstReplica }: FlowLimits): void {
    const { firstOnNode, replicasByNode } = this;
    for (let s = 0; s < this.#services; s++) this.serviceOf.fill(s, firstReplica[s], firstReplica[s + 1]);
    firstOnNode.fill(0);
    for (let j = 0; j < node.length; j++) firstOnNode[node[j] ?? 0] = (firstOnNode[node[j] ?? 0] ?? 0) + 1;
    for (let n = 1; n < firstOnNode.length; n++) firstOnNode[n] = (firstOnNode[n] ?? 0) + (firstOnNode[n - 1] ?? 0);
    for (let j = node.length - 1; j >= 0; j--) {
      const at = (firstOnNode[node[j] ?? 0] ?? 0) - 1;
      firstOnNode[node[j] ?? 0] = at;
      replicasByNode[at] = j;
    }
  }

  /** Whether the source side of the last flow's minimum cut holds the service. */
  wantsMore(service: number): boolean {
    return this.#level[service] !== FAR;
  }

  /** Whether the source side of the last flow's minimum cut holds the node. */
  isExhausted(node: number): boolean {
    return this.#level[this.#services + node] !== FAR;
  }

  /**
   * Makes the flow as large as `wanted` and the limits allow.
   *
   * @param wanted cores, per service
   * @param tolerance cores below which nothing is moved
   * @returns cores that are wanted and cannot flow
   */
  maximise(limits: FlowLimits, wanted: Float64Array, tolerance: number): number {
    this.#rescale(limits, wanted);
    for (let s = 0; s < this.#services; s++) this.#useRoom(limits, s, (wanted[s] ?? 0) - (this.ofService[s] ?? 0));
    while (this.#findLevels(limits, wanted, tolerance)) {
      for (let s = 0; s < this.#services; s++) this.#nextArc[s] = limits.firstReplica[s] ?? 0;
      this.#nextArc.set(this.firstOnNode.subarray(0, this.intoNode.length), this.#services);
      for (let s = 0; s < this.#services; s++) {
        while ((wanted[s] ?? 0) - (this.ofService[s] ?? 0) > tolerance) {
          if (!this.#push(limits, s, (wanted[s] ?? 0) - (this.ofService[s] ?? 0), tolerance)) break;
        }
      }
    }
    let missing = 0;
    for (let s = 0; s < this.#services; s++) missing += Math.max(0, (wanted[s] ?? 0) - (this.ofService[s] ?? 0));
    return missing;
  }

  /** Brings the flow that is there to what is wanted in proportion, and within the limits. */
  #rescale({ firstReplica, node, limit, capacity }: FlowLimits, wanted: Float64Array): void {
    const { onReplica, ofService, intoNode } = this;
    intoNode.fill(0);
    for (let s = 0; s < ofService.length; s++) {
      const from = firstReplica[s] ?? 0;
      const to = firstReplica[s + 1] ?? 0;
      let sum = 0;
      for (let j = from; j < to; j++) sum += onReplica[j] ?? 0;
      const part = sum > 0 ? (wanted[s] ?? 0) / sum : 0;
      for (let j = from; j < to; j++) {
        const cores = Math.min((onReplica[j] ?? 0) * part, limit[j] ?? 0);
        onReplica[j] = cores;
        intoNode[node[j] ?? 0] = (intoNode[node[j] ?? 0] ?? 0) + cores;
      }
    }
    const fitting = this.#fitting;
    for (let n = 0; n < intoNode.length; n++) {
      const into = intoNode[n] ?? 0;
      fitting[n] = into > (capacity[n] ?? 0) ? (capacity[n] ?? 0) / into : 1;
      intoNode[n] = into * (fitting[n] ?? 1);
    }
    for (let s = 0; s < ofService.length; s++) {
      let sum = 0;
      for (let j = firstReplica[s] ?? 0; j < (firstReplica[s + 1] ?? 0); j++) {
        onReplica[j] = (onReplica[j] ?? 0) * (fitting[node[j] ?? 0] ?? 1);
        sum += onReplica[j] ?? 0;
      }
      ofService[s] = sum;
    }
  }

  /** Sends what the service still wants where there is room at once. */
  #useRoom({ firstReplica, node, limit, capacity }: FlowLimits, service: number, missing: number): void {
    let rest = missing;
    for (let j = firstReplica[service] ?? 0; rest > 0 && j < (firstReplica[service + 1] ?? 0); j++) {
      const n = node[j] ?? 0;
      const ofReplica = (limit[j] ?? 0) - (this.onReplica[j] ?? 0);
      const cores = Math.max(0, Math.min(rest, ofReplica, (capacity[n] ?? 0) - (this.intoNode[n] ?? 0)));
      this.onReplica[j] = (this.onReplica[j] ?? 0) + cores;
      this.intoNode[n] = (this.intoNode[n] ?? 0) + cores;
      this.ofService[service] = (this.ofService[service] ?? 0) + cores;
      rest -= cores;
    }
  }

  /** Breadth first from all services that want more; whether a node with room is reached. */
  #findLevels(limits: FlowLimits, wanted: Float64Array, tolerance: number): boolean {
    const { onReplica } = this;
    const level = this.#level;
    const queue = this.#queue;
    const services = this.#services;
    let tail = 0;
    level.fill(FAR);
    for (let s = 0; s < services; s++) {
      if ((wanted[s] ?? 0) - (this.ofService[s] ?? 0) <= tolerance) continue;
      level[s] = 0;
      queue[tail++] = s;
    }
    let isOpen = false;
    for (let head = 0; head < tail; head++) {
      const vertex = queue[head] ?? 0;
      const further = (level[vertex] ?? 0) + 1;
      if (vertex < services) {
        for (let j = limits.firstReplica[vertex] ?? 0; j < (limits.firstReplica[vertex + 1] ?? 0); j++) {
          const to = services + (limits.node[j] ?? 0);
          if (level[to] !== FAR || (limits.limit[j] ?? 0) - (onReplica[j] ?? 0) <= tolerance) continue;
          level[to] = further;
          queue[tail++] = to;
        }
        continue;
      }
      const node = vertex - services;
      if ((limits.capacity[node] ?? 0) - (this.intoNode[node] ?? 0) > tolerance) isOpen = true;
      for (let at = this.firstOnNode[node] ?? 0; at < (this.firstOnNode[node + 1] ?? 0); at++) {
        const j = this.replicasByNode[at] ?? 0;
        const to = this.serviceOf[j] ?? 0;
        if (level[to] !== FAR || (onReplica[j] ?? 0) <= tolerance) continue;
        level[to] = further;
        queue[tail++] = to;
      }
    }
    return isOpen;
  }

  /** Depth first along rising levels to a node with room; pushes what fits, and says whether anything did. */
  #push(limits: FlowLimits, root: number, most: number, tolerance: number): boolean {
    const services = this.#services;
    const path = this.#path;
    const level = this.#level;
    const nextArc = this.#nextArc;
    let depth = 0;
    let vertex = root;
    for (;;) {
      if (vertex >= services) {
        const room = (limits.capacity[vertex - services] ?? 0) - (this.intoNode[vertex - services] ?? 0);
        if (room > tolerance) {
          this.#augment(limits, root, vertex - services, depth, Math.min(most, room));
          return true;
        }
      }
      const isService = vertex < services;
      const end = isService ? limits.firstReplica[vertex + 1] : this.firstOnNode[vertex - services + 1];
      let to = -1;
      for (let arc = nextArc[vertex] ?? 0; arc < (end ?? 0); arc++) {
        const j = isService ? arc : (this.replicasByNode[arc] ?? 0);
        const room = isService ? (limits.limit[j] ?? 0) - (this.onReplica[j] ?? 0) : (this.onReplica[j] ?? 0);
        nextArc[vertex] = arc;
        if (room <= tolerance) continue;
        const other = isService ? services + (limits.node[j] ?? 0) : (this.serviceOf[j] ?? 0);
        if (level[other] !== (level[vertex] ?? 0) + 1) continue;
        to = other;
        path[depth++] = j;
        break;
      }
      if (to >= 0) {
        vertex = to;
        continue;
      }
      nextArc[vertex] = end ?? 0;
      if (depth === 0) return false;
      depth -= 1;
      const arc = path[depth] ?? 0;
      vertex = isService ? services + (limits.node[arc] ?? 0) : (this.serviceOf[arc] ?? 0);
      nextArc[vertex] = (nextArc[vertex] ?? 0) + 1;
    }
  }

  #augment(limits: FlowLimits, root: number, node: number, depth: number, most: number): void {
    const { onReplica } = this;
    let amount = most;
    for (let at = 0; at < depth; at++) {
      const j = this.#path[at] ?? 0;
      amount = Math.min(amount, at % 2 === 0 ? (limits.limit[j] ?? 0) - (onReplica[j] ?? 0) : (onReplica[j] ?? 0));
    }
    for (let at = 0; at < depth; at++) {
      const j = this.#path[at] ?? 0;
      onReplica[j] = (onReplica[j] ?? 0) + (at % 2 === 0 ? amount : -amount);
    }
    this.ofService[root] = (this.ofService[root] ?? 0) + amount;
    this.intoNode[node] = (this.intoNode[node] ?? 0) + amount;
  }
}
