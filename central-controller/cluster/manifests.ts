/** A watched directory of YAML files as the cluster: Ballast without Kubernetes. */
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { qualifiedName } from '../../contract/names.ts';
import { BallastError, type Failure } from '../../contract/errors.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import { joinTopology } from './join.ts';
import type { ClusterObjects } from '../kubernetes/objects.ts';
import { parseManifests } from './parse-manifests.ts';
import { type KnownSince, knownSince } from './replicas.ts';
import { targetService } from './target-service.ts';
import type { Cluster, KnownPolicy, Topology } from '../model/topology.ts';

/** Writers change several files at once; wait for the last of them. */
const SETTLE_MS = 50;

export interface ManifestOptions {
  /** The controller's clock, ms. */
  readonly now: () => number;
  /** Absent: cluster.local. */
  readonly clusterDomain?: string;
  /** A change that could not be read; the topology before it stays. */
  readonly onProblem: (failure: Failure) => void;
}

/** What a directory says. */
interface Read {
  readonly topology: Topology;
  readonly policies: readonly KnownPolicy[];
}

/** Without Kubernetes a status can only be left over from elsewhere. */
function knownPolicy(policy: LoadBalancingPolicy, objects: ClusterObjects): KnownPolicy {
  const target = targetService(policy, objects);
  return { policy, service: 'reason' in target ? undefined : qualifiedName(target.metadata), status: undefined };
}

/** Reads `*.yaml` and `*.yml` of one directory, and again whenever one of them changes. */
export class ManifestCluster implements Cluster {
  readonly #directory: string;
  readonly #options: ManifestOptions;
  readonly #watcher: FSWatcher;
  readonly #listeners: (() => void)[] = [];
  #read: Read;
  #since: KnownSince | undefined;
  #settling: NodeJS.Timeout | undefined;

  /** Throws INVALID_MANIFEST when the directory cannot be read or holds a bad manifest: there is nothing to keep yet. */
  constructor(directory: string, options: ManifestOptions) {
    this.#directory = directory;
    this.#options = options;
    const first = this.#load();
    if (!first.ok) throw new BallastError(first.failure.code, first.failure.message);
    this.#read = first.value;
    this.#watcher = watch(directory, () => this.#settle());
    this.#watcher.on('error', (error) => {
      options.onProblem({ code: 'INVALID_MANIFEST', message: `${directory}: cannot be watched: ${error.message}` });
    });
  }

  read(): Topology {
    return this.#read.topology;
  }

  policies(): readonly KnownPolicy[] {
    return this.#read.policies;
  }

  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  close(): Promise<void> {
    clearTimeout(this.#settling);
    this.#watcher.close();
    return Promise.resolve();
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      const next = this.#load();
      if (!next.ok) {
        this.#options.onProblem(next.failure);
        return;
      }
      this.#read = next.value;
      for (const changed of this.#listeners) changed();
    }, SETTLE_MS);
  }

  #load(): Result<Read> {
    const files = new Map<string, string>();
    try {
      const names = readdirSync(this.#directory).filter((name) => /\.ya?ml$/.test(name));
      for (const name of names.toSorted()) files.set(name, readFileSync(join(this.#directory, name), 'utf8'));
    } catch (error) {
      return failure('INVALID_MANIFEST', `${this.#directory}: ${String(error)}`);
    }
    const parsed = parseManifests(files);
    if (!parsed.ok) return parsed;
    const { objects } = parsed.value;
    const since = knownSince(objects.pods, this.#since, this.#options.now());
    const { topology, problems } = joinTopology(objects, since);
    const [problem] = problems;
    if (!problem) {
      this.#since = since;
      return success({
        topology: { ...topology, clusterDomain: this.#options.clusterDomain },
        policies: objects.policies.map((policy) => knownPolicy(policy, objects)),
      });
    }
    const object = `${problem.kind} ${problem.name}`;
    return failure(
      'INVALID_MANIFEST',
      `${parsed.value.files.get(object) ?? this.#directory}: ${object}: ${problem.text}`,
    );
  }
}
