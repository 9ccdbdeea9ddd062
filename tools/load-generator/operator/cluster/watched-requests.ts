/** Watches the requests and Services of all namespaces. */
import { Type, type Static } from 'typebox';
import type { ObjectProblem } from '../../../../central-controller/kubernetes/objects.ts';
import type { KubernetesClient } from '../../../../central-controller/kubernetes/client.ts';
import { objectReader } from '../../../../central-controller/kubernetes/read-object.ts';
import { Reflector, type ReflectorState } from '../../../../central-controller/kubernetes/reflector.ts';
import type { Resource } from '../../../../central-controller/kubernetes/resources.ts';
import { LOADGEN_API_VERSION, LoadgenRequest, REQUEST_KIND, REQUEST_PLURAL } from '../api/request.ts';
import type { Seen } from '../plan/plan.ts';

const Service = Type.Object({
  metadata: Type.Object({ name: Type.String(), namespace: Type.String() }),
  spec: Type.Object({
    type: Type.Optional(Type.String()),
    ports: Type.Optional(Type.Array(Type.Object({ port: Type.Integer() }))),
  }),
});
type Service = Static<typeof Service>;

const REQUESTS: Resource<LoadgenRequest> = {
  kind: REQUEST_KIND,
  apiVersion: LOADGEN_API_VERSION,
  path: `/apis/${LOADGEN_API_VERSION}/${REQUEST_PLURAL}`,
  read: objectReader<LoadgenRequest>(LoadgenRequest, true),
  keep: ({ metadata, spec, status }) => ({ metadata, spec, ...(status !== undefined && { status }) }),
};
const SERVICES: Resource<Service> = {
  kind: 'Service',
  apiVersion: 'v1',
  path: '/api/v1/services',
  read: objectReader<Service>(Service, false),
  keep: ({ metadata, spec }) => ({ metadata, spec }),
};

export interface WatchEvents {
  changed(): void;
  /** `why` is set if the watch has a problem. */
  moved(kind: string, state: ReflectorState, why: string | undefined): void;
}

export class WatchedRequests {
  readonly #requests: Reflector<LoadgenRequest>;
  readonly #services: Reflector<Service>;

  constructor(client: KubernetesClient, events: WatchEvents) {
    const follow = <T>(resource: Resource<T>): Reflector<T> =>
      new Reflector(client, resource, {
        changed: () => events.changed(),
        moved: (state, why) => events.moved(resource.kind, state, why),
      });
    this.#requests = follow(REQUESTS);
    this.#services = follow(SERVICES);
    this.#requests.start();
    this.#services.start();
  }

  /** Undefined until both kinds were listed: before, a missing object may exist. */
  seen(): Seen | undefined {
    if (!this.#requests.isListed || !this.#services.isListed) return undefined;
    return {
      requests: this.#requests.objects,
      services: this.#services.objects.map(({ metadata, spec }) => ({
        namespace: metadata.namespace,
        name: metadata.name,
        isExternal: spec.type === 'ExternalName',
        ports: (spec.ports ?? []).map(({ port }) => port),
      })),
    };
  }

  /** Objects that are malformed and therefore ignored. */
  problems(): readonly ObjectProblem[] {
    return [...this.#requests.problems, ...this.#services.problems];
  }

  async close(): Promise<void> {
    await Promise.all([this.#requests.close(), this.#services.close()]);
  }
}
