/** Who is where in the fleet, who calls whom, and how much each does. Nothing of it depends on what is decided. */
import { proxyKey, serviceHost } from '../../../contract/names.ts';
import { type Fleet, type Replica, replicasOf } from '../support/fleet.ts';

export interface FleetSize {
  readonly nodes: number;
  readonly replicas: number;
  readonly services: number;
}

export const CORES = 4;
export const CPU_PER_REQUEST = 0.002;
/** At each replica, mean. */
const REQUESTS_PER_SECOND = 50;
/** Part by which the rate of a service swings, each with a period of its own. */
const SWING = 0.3;
/** Services that each pod calls. */
const CALLED = 3;
const NEIGHBOUR_CORES = 1;
/** Seconds between two switches of a neighbour. */
const NEIGHBOUR_SECONDS = 20;
/** Cores that a node without a neighbour uses besides its replicas. */
const SYSTEM_CORES = 0.02;
const NAMESPACE = 'shop';

export interface Callee {
  readonly key: string;
  /** Names of its replicas. */
  readonly replicas: readonly string[];
}

export class FleetPlan {
  readonly fleet: Fleet;
  readonly #perService: number;
  readonly #byNode: ReadonlyMap<number, Replica[]>;

  constructor({ nodes, replicas, services }: FleetSize) {
    this.#perService = Math.floor(replicas / services);
    this.fleet = {
      nodes: Array.from({ length: nodes }, (_, node) => `node-${node}`),
      services: Array.from({ length: services }, (_, service) => ({
        namespace: NAMESPACE,
        name: `service-${service}`,
      })),
      replicas: this.#perService,
    };
    this.#byNode = Map.groupBy(replicasOf(this.fleet), ({ node }) => node);
  }

  replicasOn(node: number): readonly Replica[] {
    return this.#byNode.get(node) ?? [];
  }

  serviceOf({ index }: Replica): number {
    return Math.floor(index / this.#perService);
  }

  /** What a pod of the replica calls. */
  calledBy(replica: Replica): Callee[] {
    const { services } = this.fleet;
    return Array.from({ length: CALLED }, (_, at) => {
      const { namespace, name } = services[(this.serviceOf(replica) * CALLED + at + 1) % services.length] ?? {
        namespace: NAMESPACE,
        name: '',
      };
      const replicas = Array.from({ length: this.#perService }, (_replica, number) => `${name}-${number}`);
      return { key: proxyKey(8080, serviceHost(namespace, name)), replicas };
    });
  }

  /** What the pods of a node call, each service once. */
  calledOn(node: number): Callee[] {
    const callees = this.replicasOn(node).flatMap((replica) => this.calledBy(replica));
    return [...new Map(callees.map((callee) => [callee.key, callee])).values()];
  }

  /** Requests per second at each replica of the service. */
  rate(service: number, seconds: number): number {
    return REQUESTS_PER_SECOND * (1 + SWING * Math.sin(seconds * (0.3 + 0.05 * (service % 7))));
  }

  /** Cores that the node uses besides its replicas: every third has a neighbour that comes and goes. */
  otherCores(node: number, seconds: number): number {
    const isBusy = node % 3 === 0 && Math.floor(seconds / NEIGHBOUR_SECONDS + node / 100) % 2 === 1;
    return isBusy ? NEIGHBOUR_CORES : SYSTEM_CORES;
  }
}
