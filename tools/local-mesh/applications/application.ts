/** An application that meshes run: what its replicas are, and what its load is. */
import type { Manifest } from '../../../central-controller/kubernetes/manifest.ts';
import type { Routing } from '../../../contract/assignment.ts';
import { BallastError } from '../../../contract/errors.ts';
import { readMix } from '../../load-generator/flags.ts';
import { type Load, type LoadOptions, runLoad } from '../../load-generator/load.ts';

/** A program of this repository, with its flags. */
export interface ReplicaProgram {
  /** Entry module, relative to the checkout. */
  readonly module: string;
  /** Flag names without dashes, and their values. */
  readonly flags: Readonly<Record<string, string>>;
}

export interface ReplicaPlace {
  /** `ip:port` that the replica serves on. */
  readonly listen: string;
  /** An existing folder for this replica alone. */
  readonly data: string;
  /** An existing folder that all replicas see, as pods see a volume that many of them mount. */
  readonly shared: string;
}

export interface MeshApplication {
  /** Name of its folders in `apps` and `istio-configs`, and of its namespace. */
  readonly name: string;
  /** Its StatefulSets that the mesh runs; the gateway leads to the first. */
  readonly services: readonly string[];
  /** All of its objects: Gateway, ingress, Services, StatefulSets, policies. */
  manifests(routing: Routing): Promise<Manifest[]>;
  /** What one replica of a service runs. */
  replica(service: string, place: ReplicaPlace): ReplicaProgram;
  /** Fills the shared folder, as a Job does in a cluster. Without its content no replica becomes ready. */
  prepare?(shared: string): Promise<void>;
  /** Name of the mix in `tools/load-generator/mixes` that is its load. */
  readonly mix: string;
}

const CONNECTIONS = 128;
const TIMEOUT_SECONDS = 10;

export type StartLoad = (options: Pick<LoadOptions, 'rate' | 'durationSeconds' | 'onSecond'>) => Load;

/**
 * Returns a function that starts the application's load, any number of times: each time the same requests in the same
 * order.
 * @throws BallastError INVALID_FLAG or INVALID_MIX where the application's mix is missing or wrong
 */
export function applicationLoad({ mix: name }: Pick<MeshApplication, 'mix'>, gateway: URL): StartLoad {
  const mix = readMix(name);
  if (!mix.ok) throw new BallastError(mix.failure.code, mix.failure.message);
  const fixed = { url: gateway, mix: mix.value, connections: CONNECTIONS, timeoutSeconds: TIMEOUT_SECONDS, seed: 1 };
  return (options) => runLoad({ ...fixed, ...options });
}
