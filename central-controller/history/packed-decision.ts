/**
 * A past decision in typed arrays: some 60 bytes a replica instead of 300. Names are shared by all decisions on the same
 * services and nodes. Numbers have single precision.
 */
import type { CpuGrant } from '../../contract/assignment.ts';
import {
  type Decision,
  Limit,
  type NodeDecision,
  type ReplicaDecision,
  ReplicaState,
  type ServiceDecision,
} from '../../contract/decision.ts';

const STATES = ReplicaState.anyOf.map(({ const: state }) => state);
const LIMITS = Limit.anyOf.map(({ const: limit }) => limit);
const STATE_CODES = new Map(STATES.map((state, code) => [state, code]));
const LIMIT_BITS = new Map(LIMITS.map((limit, bit) => [limit, 1 << bit]));

/** Numbers of a replica, in the order of `packReplica`. */
const REPLICA_NUMBERS = 13;

/** Numbers of a node, in the order of `packNode`. */
const NODE_NUMBERS = 5;

/** What decisions on the same services and nodes have in common. */
interface Names {
  readonly nodes: readonly string[];
  readonly services: readonly {
    readonly namespace: string;
    readonly name: string;
    /** Each with its node. */
    readonly replicas: readonly (readonly [name: string, node: string])[];
  }[];
}

type ServiceNumbers = Omit<ServiceDecision, 'namespace' | 'name' | 'replicas'>;

export class PackedDecision {
  readonly tick: number;
  readonly at: number;
  readonly optimalityGap: number;
  readonly changed: boolean;
  readonly #names: Names;
  readonly #services: readonly ServiceNumbers[];
  readonly #numbers: Float32Array;
  readonly #states: Uint8Array;
  readonly #limits: Uint16Array;
  readonly #nodes: Float32Array;
  readonly #staleNodes: Uint8Array;
  /** By the replica's place among all. */
  readonly #grants = new Map<number, CpuGrant>();

  /** @param like a decision whose names are shared if they are the same */
  constructor(decision: Decision, like: PackedDecision | undefined) {
    const { tick, at, optimalityGap, changed, nodes, services } = decision;
    this.tick = tick;
    this.at = at;
    this.optimalityGap = optimalityGap;
    this.changed = changed;
    this.#names = like && isNamed(decision, like.#names) ? like.#names : namesOf(decision);
    this.#services = services.map(withoutNames);
    const count = services.reduce((sum, { replicas }) => sum + replicas.length, 0);
    this.#numbers = new Float32Array(count * REPLICA_NUMBERS);
    this.#states = new Uint8Array(count);
    this.#limits = new Uint16Array(count);
    this.#nodes = new Float32Array(nodes.length * NODE_NUMBERS);
    this.#staleNodes = Uint8Array.from(nodes, ({ stale }) => (stale ? 1 : 0));
    let place = 0;
    for (const { replicas } of services) for (const replica of replicas) this.#pack(replica, place++);
    nodes.forEach((node, index) => packNode(this.#nodes, index * NODE_NUMBERS, node));
  }

  /** Memory that it takes, names left out. */
  get bytes(): number {
    const { byteLength: numbers } = this.#numbers;
    const small = this.#states.byteLength + this.#limits.byteLength + this.#staleNodes.byteLength;
    return numbers + small + this.#nodes.byteLength + 100 * this.#services.length;
  }

  unpack(): Decision {
    const { tick, at, optimalityGap, changed } = this;
    let place = 0;
    const services = this.#names.services.flatMap(({ namespace, name, replicas }, index) => {
      const service = this.#services[index];
      const unpacked = replicas.map(([replica, node]) => this.#unpack(replica, node, place++));
      return service ? [{ namespace, name, ...service, replicas: unpacked }] : [];
    });
    const nodes = this.#names.nodes.map((name, index) => this.#unpackNode(name, index));
    return { tick, at, optimalityGap, changed, nodes, services };
  }

  #pack(replica: ReplicaDecision, place: number): void {
    packReplica(this.#numbers, place * REPLICA_NUMBERS, replica);
    this.#states[place] = STATE_CODES.get(replica.state) ?? 0;
    let bits = 0;
    for (const limit of replica.limits) bits |= LIMIT_BITS.get(limit) ?? 0;
    this.#limits[place] = bits;
    if (replica.cpuGrant) this.#grants.set(place, replica.cpuGrant);
  }

  #unpack(name: string, node: string, place: number): ReplicaDecision {
    const cpuGrant = this.#grants.get(place);
    return {
      name,
      node,
      state: STATES[this.#states[place] ?? 0] ?? 'NotReady',
      limits: LIMITS.filter((_limit, bit) => ((this.#limits[place] ?? 0) & (1 << bit)) !== 0),
      ...unpackReplica(this.#numbers, place * REPLICA_NUMBERS),
      ...(cpuGrant && { cpuGrant }),
    };
  }

  #unpackNode(name: string, index: number): NodeDecision {
    return { name, ...unpackNode(this.#nodes, index * NODE_NUMBERS), stale: this.#staleNodes[index] === 1 };
  }
}

function withoutNames(service: ServiceDecision): ServiceNumbers {
  const { mode, paused, demandCores, servedCores, fairShareCores, requestsPerSecond } = service;
  return { mode, ...(paused && { paused }), demandCores, servedCores, fairShareCores, requestsPerSecond };
}

type ReplicaNumbers = Omit<ReplicaDecision, 'name' | 'node' | 'state' | 'limits' | 'cpuGrant'>;

/** Written out: a loop over names of fields takes ten times as long. */
function packReplica(numbers: Float32Array, at: number, replica: ReplicaDecision): void {
  numbers[at] = replica.weight;
  numbers[at + 1] = replica.target;
  numbers[at + 2] = replica.previous;
  numbers[at + 3] = replica.cpuPerRequestSeconds;
  numbers[at + 4] = replica.cpuPerRequestDeviation;
  numbers[at + 5] = replica.requestsPerSecond;
  numbers[at + 6] = replica.cpuCores;
  numbers[at + 7] = replica.capacityCores;
  numbers[at + 8] = replica.inFlight;
  numbers[at + 9] = replica.meanInFlight;
  numbers[at + 10] = replica.meanLatencySeconds;
  numbers[at + 11] = replica.failureRatio;
  numbers[at + 12] = replica.nonCpuSeconds;
}

function unpackReplica(numbers: Float32Array, at: number): ReplicaNumbers {
  const number = (column: number): number => numbers[at + column] ?? 0;
  return {
    weight: number(0),
    target: number(1),
    previous: number(2),
    cpuPerRequestSeconds: number(3),
    cpuPerRequestDeviation: number(4),
    requestsPerSecond: number(5),
    cpuCores: number(6),
    capacityCores: number(7),
    inFlight: number(8),
    meanInFlight: number(9),
    meanLatencySeconds: number(10),
    failureRatio: number(11),
    nonCpuSeconds: number(12),
  };
}

function packNode(numbers: Float32Array, at: number, node: NodeDecision): void {
  numbers[at] = node.cores;
  numbers[at + 1] = node.busyCores;
  numbers[at + 2] = node.backgroundCores;
  numbers[at + 3] = node.stealCores;
  numbers[at + 4] = node.predictedUtilisation;
}

function unpackNode(numbers: Float32Array, at: number): Omit<NodeDecision, 'name' | 'stale'> {
  const number = (column: number): number => numbers[at + column] ?? 0;
  return {
    cores: number(0),
    busyCores: number(1),
    backgroundCores: number(2),
    stealCores: number(3),
    predictedUtilisation: number(4),
  };
}

function namesOf({ nodes, services }: Decision): Names {
  return {
    nodes: nodes.map(({ name }) => name),
    services: services.map(({ namespace, name, replicas }) => ({
      namespace,
      name,
      replicas: replicas.map((replica) => [replica.name, replica.node] as const),
    })),
  };
}

function isNamed({ nodes, services }: Decision, names: Names): boolean {
  return (
    nodes.length === names.nodes.length &&
    services.length === names.services.length &&
    nodes.every(({ name }, index) => name === names.nodes[index]) &&
    services.every(({ namespace, name, replicas }, index) => {
      const known = names.services[index];
      return (
        known?.namespace === namespace &&
        known.name === name &&
        known.replicas.length === replicas.length &&
        replicas.every((replica, at) => {
          const [knownName, knownNode] = known.replicas[at] ?? [];
          return replica.name === knownName && replica.node === knownNode;
        })
      );
    })
  );
}
