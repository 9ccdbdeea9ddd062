/** An application that meshes run: what its replicas are, and how it is asked. */
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import type { Routing } from '../../../contract/assignment.ts';

/** A program of this repository, with its flags. */
export interface ReplicaProgram {
  /** Entry module, relative to the checkout. */
  readonly module: string;
  /** Flag names without dashes, and their values. */
  readonly flags: Readonly<Record<string, string>>;
}

export interface ReplicaPlace {
  /** `ip:port` that the replica is to serve on. */
  readonly listen: string;
  /** A folder of the replica's own, that exists. */
  readonly data: string;
  /** A folder that exists and that all replicas see: what a volume that many pods mount is in a cluster. */
  readonly shared: string;
}

/** Exported as `application` by `apps/<name>/application.ts`. */
export interface MeshApplication {
  /** Name of its folders in `apps` and `istio-configs`, and of its namespace. */
  readonly name: string;
  /** Its StatefulSets that the mesh runs; the gateway leads to the first. */
  readonly services: readonly string[];
  /** All of its objects: Gateway, ingress, Services, StatefulSets, policies. */
  manifests(routing: Routing): Promise<Manifest[]>;
  /** What one replica of a service runs. */
  replica(service: string, place: ReplicaPlace): ReplicaProgram;
  /** What a Job does in a cluster: fills the shared folder, without which no replica would be ready. */
  prepare?(shared: string): Promise<void>;
  /** Name of the mix in `tools/load-generator/mixes` that is its load. */
  readonly mix: string;
}
