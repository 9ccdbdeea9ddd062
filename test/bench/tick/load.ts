/** A fleet whose load swings: services of equal size, neighbours on a third of the nodes, noise on every amount. */
import type { Decision } from '../../../contract/decision.ts';
import { LATENCY_BUCKETS } from '../../../contract/latency-buckets.ts';
import { proxyKey, serviceHost } from '../../../contract/names.ts';
import type { Topology } from '../../../central-controller/model/topology.ts';
import type { NodeWindow, ServedWindow } from '../../../central-controller/model/windows.ts';
import { seeded } from '../allocate/instances.ts';

export interface TickFleet {
  readonly nodes: number;
  readonly replicas: number;
  readonly services: number;
}

const CORES = 4;
const REQUESTS_PER_REPLICA = 50;
const CPU_PER_REQUEST = 0.002;
const NOISE = 0.2;
/** Services that each pod calls. */
const CALLED = 3;
/** Seconds between two switches of a neighbour. */
const NEIGHBOUR_SECONDS = 20;

interface Placed {
  readonly service: number;
  readonly uid: string;
  readonly name: string;
}

const NAMESPACE = 'shop';

export class SwingingLoad {
  readonly topology: Topology;
  readonly #perService: number;
  readonly #placed: readonly Placed[][];
  readonly #uniform = seeded(1);
  /** Weight in force of each replica, by its name. */
  readonly #weights = new Map<string, number>();

  constructor({ nodes, replicas, services }: TickFleet) {
    this.#perService = Math.floor(replicas / services);
    const placed: Placed[][] = Array.from({ length: nodes }, () => []);
    this.topology = {
      nodes: placed.map((_, node) => ({ name: `node-${node}` })),
      services: Array.from({ length: services }, (_, service) => ({
        namespace: NAMESPACE,
        name: `service-${service}`,
        ports: [8080],
        mode: 'Enforce',
        routing: 'Endpoint',
        pinning: false,
        objective: 'delay',
        shareWeight: 1,
        replicas: Array.from({ length: this.#perService }, (_replica, index) => {
          const number = service * this.#perService + index;
          const node = (number * 7 + index * 131) % nodes;
          const name = `service-${service}-7d9f8b6c5d-${String(index).padStart(5, 'x')}`;
          const uid = `uid-${number}`;
          placed[node]?.push({ service, uid, name });
          const ip = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
          return { name, uid, node: `node-${node}`, addresses: { 8080: `${ip}:8080` }, ready: true, since: 0 };
        }),
      })),
    };
    this.#placed = placed;
  }

  /** Keys of the services that the pods of a node call; each pod calls three. */
  keysWantedOn(node: number): string[] {
    const called = new Set<number>();
    const { length } = this.topology.services;
    for (const { service } of this.#placed[node] ?? []) {
      for (let callee = 1; callee <= CALLED; callee++) called.add((service * CALLED + callee) % length);
    }
    return [...called].map((service) => proxyKey(8080, serviceHost(NAMESPACE, `service-${service}`)));
  }

  /** Requests follow these weights from now on. */
  follow({ services }: Decision): void {
    for (const { replicas } of services) for (const { name, weight } of replicas) this.#weights.set(name, weight);
  }

  /** CPU of one node and its replicas over the last `seconds`. */
  nodeWindow(node: number, at: number, seconds: number): NodeWindow {
    const replicas = (this.#placed[node] ?? []).map((replica) => ({
      uid: replica.uid,
      cpuSeconds: this.#rate(replica, at) * seconds * CPU_PER_REQUEST * this.#noise(),
      throttledSeconds: 0,
    }));
    const used = replicas.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
    const isBusy = node % 3 === 0 && Math.floor(at / 1000 / NEIGHBOUR_SECONDS + node / 100) % 2 === 1;
    const neighbour = isBusy ? seconds * this.#noise() : 0.02 * seconds;
    return {
      node: `node-${node}`,
      at,
      seconds,
      cores: CORES,
      busySeconds: used + neighbour,
      stealSeconds: 0,
      replicas,
    };
  }

  /** Requests at the replicas of one node over the last `seconds`. */
  servedWindows(node: number, at: number, seconds: number): ServedWindow[] {
    return (this.#placed[node] ?? []).map((replica) => {
      const requests = Math.round(this.#rate(replica, at) * seconds * this.#noise());
      const latencyBuckets = Array.from({ length: LATENCY_BUCKETS }, (_, bucket) => (bucket === 8 ? requests : 0));
      const inFlightSeconds = requests * 0.004 * this.#noise();
      const counted = { requests, failures: 0, inFlight: 1, inFlightSeconds, latencyBuckets };
      return { namespace: NAMESPACE, replica: replica.name, at, seconds, ...counted };
    });
  }

  /** Requests per second of a replica. Each service swings with a period of its own. */
  #rate({ service, name }: Placed, at: number): number {
    const swing = 1 + 0.3 * Math.sin((at / 1000) * (0.3 + 0.05 * (service % 7)));
    const weight = this.#weights.get(name) ?? 1 / this.#perService;
    return REQUESTS_PER_REPLICA * this.#perService * swing * weight;
  }

  /** Around 1, roughly normal. */
  #noise(): number {
    let sum = 0;
    for (let count = 0; count < 6; count++) sum += this.#uniform();
    return Math.max(0, 1 + (NOISE * (sum - 3)) / Math.SQRT1_2);
  }
}
