/** Settings of a mesh. */
import { availableParallelism } from 'node:os';
import type { Routing } from '../../../contract/assignment.ts';
import type { MeshApplication } from '../applications/application.ts';
import type { EnvoyObject } from '../envoy/proxy.ts';
import type { NodeRoom } from '../manifests/placement.ts';
import type { NodeSize } from '../node/mesh-node.ts';

export interface MeshSettings {
  readonly application: MeshApplication;
  readonly routing: Routing;
  /** The services of the application that run. */
  readonly services: readonly string[];
  /** Replicas of each service. */
  readonly replicas: number;
  readonly nodes: readonly (NodeSize & NodeRoom)[];
  /** First two bytes of all addresses. Meshes that run at the same time need different ones. */
  readonly network: string;
  /** Makes nodes of pinned cores even if control groups are writable. */
  readonly pinned: boolean;
  /** Changes each proxy's configuration, like an EnvoyFilter in a cluster. */
  readonly patchProxy?: (bootstrap: EnvoyObject) => EnvoyObject;
}

/** Fraction of the machine that the nodes get. Gateway, load, controller and agents need the rest. */
const NODES_FRACTION = 0.7;
/** Maximum CPU of all nodes. With more, the load would cost more and the demo would show the same. */
const MAX_CORES = 4;
/** Replicas per node: uneven, as in a cluster after some weeks. */
const APPETITES = [7, 6, 6, 5];

/** Minimum number of replicas per service and in all, so that every node has some. */
const MIN_REPLICAS = { each: 3, all: 8 };

/** The demo's mesh: all services with three or more replicas each, on four equal nodes that are filled unevenly. */
export function demoSettings(
  application: MeshApplication,
  routing: Routing,
  network: string,
  pinned = false,
): MeshSettings {
  const cores = Math.min(MAX_CORES, availableParallelism() * NODES_FRACTION) / APPETITES.length;
  return {
    application,
    routing,
    services: application.services,
    replicas: Math.max(MIN_REPLICAS.each, Math.ceil(MIN_REPLICAS.all / application.services.length)),
    nodes: APPETITES.map((appetite, index) => ({ name: `node-${index + 1}`, cores, appetite })),
    network,
    pinned,
  };
}
