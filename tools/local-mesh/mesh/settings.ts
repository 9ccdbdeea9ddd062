/** What a mesh is made of. */
import { availableParallelism } from 'node:os';
import type { Routing } from '../../../contract/assignment.ts';
import type { MeshApplication } from '../applications/application.ts';
import type { EnvoyObject } from '../envoy/proxy.ts';
import type { NodeRoom } from '../manifests/placement.ts';
import type { NodeSize } from '../node/mesh-node.ts';

export interface MeshSettings {
  readonly application: MeshApplication;
  readonly routing: Routing;
  /** Those of the application's services that run. */
  readonly services: readonly string[];
  /** Replicas of each service. */
  readonly replicas: number;
  readonly nodes: readonly (NodeSize & NodeRoom)[];
  /** First two bytes of all addresses; meshes side by side need different ones. */
  readonly network: string;
  /** Pinned cores even where control groups can be written. */
  readonly pinned: boolean;
  /** Changes each proxy's configuration, as EnvoyFilters do in a cluster. */
  readonly patchProxy?: (bootstrap: EnvoyObject) => EnvoyObject;
}

/** Part of the machine that the nodes get together; gateway, load, controller and agents need the rest. */
const NODES_FRACTION = 0.7;
/** More than that makes the mesh no more telling, only the load heavier. */
const MAX_CORES = 4;
/** Replicas per node: uneven, as a cluster is after some weeks. */
const APPETITES = [7, 6, 6, 5];

/** Of each service, and of all together: enough of them for every node to have some. */
const MIN_REPLICAS = { each: 3, all: 8 };

/** The demo's mesh: all services, three replicas each or more, on four equal nodes that are filled unevenly. */
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
