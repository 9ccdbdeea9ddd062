/** A watched directory of YAML files as the cluster: Ballast without Kubernetes. */
import { type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { BallastError, type Failure } from '../../contract/errors.ts';
import { qualifiedName } from '../../contract/names.ts';
import type { LoadBalancingPolicy } from '../../contract/policy.ts';
import { failure, type Result, success } from '../../contract/result.ts';
import type { ClusterObjects } from '../kubernetes/objects.ts';
import type { Cluster, KnownPolicy, Topology } from '../model/topology.ts';
import { objectsOf } from './cluster-objects.ts';
import { joinTopology } from './join.ts';
import { MANIFEST_FILE } from './manifest-files.ts';
import { type KnownSince, knownSince } from './replicas.ts';
import { targetService } from './target-service.ts';

/** A writer may change several files one after the other; wait for the last of them. */
const SETTLE_MS = 50;

export interface ManifestOptions {
  /** The controller's clock, ms. */
  readonly now: () => number;
  /** Absent: cluster.local. */
  readonly clusterDomain?: string;
  /** A fault that cost a field, a pod or a port; or a change that could not be read, so that the old topology stays. */
  readonly onProblem: (failure: Failure) => void;
}

interface DirectoryState {
  readonly topology: Topology;
  readonly policies: readonly KnownPolicy[];
  readonly since: KnownSince;
  readonly faults: readonly string[];
}

/** Reads the manifests of one directory, and again whenever one of them changes. */
export class ManifestCluster implements Cluster {
  readonly #directory: string;
  readonly #options: ManifestOptions;
  readonly #watcher: FSWatcher;
  readonly #listeners: (() => void)[] = [];
  #state: DirectoryState;
  #settling: NodeJS.Timeout | undefined;

  /** Throws INVALID_MANIFEST when the directory cannot be read: there is no old topology to keep. */
  constructor(directory: string, options: ManifestOptions) {
    this.#directory = directory;
    this.#options = options;
    const first = this.#load(undefined);
    if (!first.ok) throw new BallastError(first.failure.code, first.failure.message);
    this.#state = first.value;
    this.#tell(first.value.faults);
    this.#watcher = watch(directory, () => this.#settle());
    this.#watcher.on('error', (error) => this.#tell([`${directory}: cannot be watched: ${error.message}`]));
  }

  read(): Topology {
    return this.#state.topology;
  }

  policies(): readonly KnownPolicy[] {
    return this.#state.policies;
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
      const next = this.#load(this.#state.since);
      if (!next.ok) {
        this.#options.onProblem(next.failure);
        return;
      }
      const known = new Set(this.#state.faults);
      this.#state = next.value;
      this.#tell(next.value.faults.filter((fault) => !known.has(fault)));
      for (const changed of this.#listeners) changed();
    }, SETTLE_MS);
  }

  #tell(faults: readonly string[]): void {
    for (const message of faults) this.#options.onProblem({ code: 'INVALID_MANIFEST', message });
  }

  #load(before: KnownSince | undefined): Result<DirectoryState> {
    const files = this.#readFiles();
    if (!files.ok) return files;
    const parsed = objectsOf(files.value);
    if (!parsed.ok) return parsed;
    const { objects } = parsed.value;
    const since = knownSince(objects.pods, before, this.#options.now());
    const { topology, problems } = joinTopology(objects, since);
    const texts = problems.map(({ kind, name, text, reason }) => {
      const object = `${kind} ${name}`;
      return { text: `${parsed.value.files.get(object) ?? this.#directory}: ${object}: ${text}`, reason };
    });
    // A policy that leads nowhere is refused as a whole, as is one with a wrong field.
    const refused = texts.find(({ reason }) => reason !== undefined);
    if (refused) return failure('INVALID_MANIFEST', refused.text);
    return success({
      topology: { ...topology, clusterDomain: this.#options.clusterDomain },
      policies: objects.policies.map((policy) => knownPolicy(policy, objects)),
      since,
      faults: [...parsed.value.faults, ...texts.map(({ text }) => text)],
    });
  }

  #readFiles(): Result<ReadonlyMap<string, string>> {
    const files = new Map<string, string>();
    try {
      const names = readdirSync(this.#directory).filter((name) => MANIFEST_FILE.test(name));
      for (const name of names.toSorted()) files.set(name, readFileSync(join(this.#directory, name), 'utf8'));
    } catch (error) {
      return failure('INVALID_MANIFEST', `${this.#directory}: ${String(error)}`);
    }
    return success(files);
  }
}

/** Without Kubernetes nobody writes a status, so one in a file is out of date. */
function knownPolicy(policy: LoadBalancingPolicy, objects: ClusterObjects): KnownPolicy {
  const target = targetService(policy, objects);
  return { policy, service: 'reason' in target ? undefined : qualifiedName(target.metadata), status: undefined };
}
