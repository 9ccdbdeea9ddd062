/** A real cluster, followed through its API server. What is seen is joined when somebody reads it, not at each event. */
import { Value } from 'typebox/value';
import { qualifiedName } from '../../contract/names.ts';
import type { ErrorCode } from '../../contract/errors.ts';
import { PolicyStatus } from '../../contract/policy-status.ts';
import type { ObjectProblem } from '../kubernetes/objects.ts';
import { type Joined, joinTopology } from './join.ts';
import { oldestFirst } from './policy-order.ts';
import { type KnownSince, knownSince } from './replicas.ts';
import { targetService } from './target-service.ts';
import type { Cluster, KnownPolicy, Topology } from '../model/topology.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { ObservedObjects } from '../kubernetes/observed-objects.ts';
import { Reflector, type ReflectorState } from '../kubernetes/reflector.ts';
import { type Resource, RESOURCES } from '../kubernetes/resources.ts';

/** What a person should know of the watch of one kind. */
export interface WatchNews {
  readonly kind: string;
  readonly state: ReflectorState;
  readonly message: string;
  /** Set when something is wrong. */
  readonly code?: ErrorCode;
}

export interface WatchOptions {
  /** The controller's clock, ms. */
  readonly now: () => number;
  /** Absent: cluster.local. */
  readonly clusterDomain?: string;
  readonly onNews: (news: WatchNews) => void;
}

export class WatchedCluster implements Cluster {
  readonly #options: WatchOptions;
  readonly #reflectors: ReturnType<typeof createReflectors>;
  readonly #listeners: (() => void)[] = [];
  readonly #synced = Promise.withResolvers<void>();
  #objects: ObservedObjects | undefined;
  #joined: Joined | undefined;
  #since: KnownSince | undefined;

  constructor(client: KubernetesClient, options: WatchOptions) {
    this.#options = options;
    this.#reflectors = createReflectors(
      client,
      () => this.#changed(),
      (resource, state, why) => this.#moved(resource, state, why),
    );
    for (const reflector of Object.values(this.#reflectors)) reflector.start();
  }

  /** Everything has been seen once: before that, what is missing may only not have been seen yet. */
  get isSynced(): boolean {
    return Object.values(this.#reflectors).every(({ state, isListed }) => isListed || state === 'absent');
  }

  /** Resolves when `isSynced` becomes true. */
  synced(): Promise<void> {
    return this.#synced.promise;
  }

  read(): Topology {
    return this.#join().topology;
  }

  policies(): readonly KnownPolicy[] {
    const objects = this.objects();
    return objects.policies.map((policy) => {
      const target = targetService(policy, objects);
      const service = 'reason' in target ? undefined : qualifiedName(target.metadata);
      const { status } = policy;
      // Any version of the controller may have written it.
      return { policy, service, status: Value.Check(PolicyStatus, status) ? (status as PolicyStatus) : undefined };
    });
  }

  /** What was seen, the same value until something changes. */
  objects(): ObservedObjects {
    if (this.#objects) return this.#objects;
    const { policies, virtualServices, destinationRules, ...builtIn } = this.#reflectors;
    const istioObjects = <T>({ state, objects }: Reflector<T>): T[] | undefined =>
      state === 'absent' ? undefined : objects;
    const seen = {
      nodes: builtIn.nodes.objects,
      pods: builtIn.pods.objects,
      services: builtIn.services.objects,
      endpointSlices: builtIn.endpointSlices.objects,
      statefulSets: builtIn.statefulSets.objects,
      deployments: builtIn.deployments.objects,
      policies: oldestFirst(policies.objects),
      virtualServices: istioObjects(virtualServices),
      destinationRules: istioObjects(destinationRules),
    };
    this.#objects = seen;
    return seen;
  }

  /** What could not be read or joined. One bad object does not stop the others. */
  problems(): readonly ObjectProblem[] {
    return [...this.#join().problems, ...Object.values(this.#reflectors).flatMap(({ problems }) => problems)];
  }

  onChange(changed: () => void): void {
    this.#listeners.push(changed);
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#reflectors).map((reflector) => reflector.close()));
  }

  #join(): Joined {
    if (this.#joined) return this.#joined;
    const objects = this.objects();
    // Until all is there, replicas may seem to appear that were there before this process was.
    const before = this.isSynced ? this.#since : undefined;
    const since = knownSince(objects.pods, before, this.#options.now());
    this.#since = this.isSynced ? since : undefined;
    const { topology, problems } = joinTopology(objects, since);
    this.#joined = { topology: { ...topology, clusterDomain: this.#options.clusterDomain }, problems };
    return this.#joined;
  }

  #changed(): void {
    this.#objects = undefined;
    this.#joined = undefined;
    if (this.isSynced) this.#synced.resolve();
    for (const changed of this.#listeners) changed();
  }

  #moved({ kind, apiVersion }: Resource<unknown>, state: ReflectorState, why: string | undefined): void {
    const name = `${kind} (${apiVersion})`;
    if (state === 'absent') {
      this.#changed();
      const message = `${name}: the cluster knows no such kind (yet)`;
      this.#options.onNews({ kind, state, message, code: 'UNKNOWN_KIND' });
    } else if (why !== undefined) {
      const message = `${name}: cannot be watched: ${why}`;
      this.#options.onNews({ kind, state, message, code: 'CLUSTER_UNREACHABLE' });
    } else {
      this.#options.onNews({ kind, state, message: `${name}: ${state}` });
    }
  }
}

function createReflectors(
  client: KubernetesClient,
  changed: () => void,
  moved: (resource: Resource<unknown>, state: ReflectorState, why?: string) => void,
) {
  const follow = <T>(resource: Resource<T>): Reflector<T> =>
    new Reflector(client, resource, { changed, moved: (state, why) => moved(resource, state, why) });
  return {
    nodes: follow(RESOURCES.nodes),
    pods: follow(RESOURCES.pods),
    services: follow(RESOURCES.services),
    endpointSlices: follow(RESOURCES.endpointSlices),
    statefulSets: follow(RESOURCES.statefulSets),
    deployments: follow(RESOURCES.deployments),
    policies: follow(RESOURCES.policies),
    virtualServices: follow(RESOURCES.virtualServices),
    destinationRules: follow(RESOURCES.destinationRules),
  };
}
