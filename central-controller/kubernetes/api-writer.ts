/** Writes to a real API server, all as the field manager `ballast-controller`. */
import type { PolicyStatus } from '../../contract/policy-status.ts';
import { ApiError, type ApiRequest, type KubernetesClient, type Method } from './client.ts';
import { FIELD_MANAGER } from './observed-objects.ts';
import { type Manifest, namespaceOf } from './manifest.ts';
import type { KubernetesWriter, ObjectRef, WriteOutcome } from './kubernetes-writer.ts';

const APPLY = 'application/apply-patch+yaml';

/** Names of the kinds that are written, as they stand in paths. */
const PLURALS: Readonly<Record<string, string>> = {
  DestinationRule: 'destinationrules',
  Event: 'events',
  LoadBalancingPolicy: 'loadbalancingpolicies',
  Service: 'services',
  VirtualService: 'virtualservices',
};

/** What is wanted of the client: `KubernetesClient`, or a stand-in. */
type Client = Pick<KubernetesClient, 'request'>;

export class ApiWriter implements KubernetesWriter {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  apply(object: Manifest, force: boolean): Promise<WriteOutcome> {
    return this.#request('PATCH', pathOf(object), {
      contentType: APPLY,
      query: { fieldManager: FIELD_MANAGER, force },
      body: object,
    });
  }

  applyStatus({ apiVersion, kind, metadata }: ObjectRef, status: PolicyStatus): Promise<WriteOutcome> {
    const { name, namespace, uid } = metadata;
    return this.#request('PATCH', `${pathOf({ apiVersion, kind, metadata })}/status`, {
      contentType: APPLY,
      query: { fieldManager: FIELD_MANAGER, force: true },
      body: { apiVersion, kind, metadata: { name, namespace, uid }, status },
    });
  }

  delete(object: Manifest, uid: string): Promise<WriteOutcome> {
    return this.#request('DELETE', pathOf(object), { body: { preconditions: { uid } } }, 404);
  }

  async #request(method: Method, path: string, request: ApiRequest, alsoFine?: number): Promise<WriteOutcome> {
    try {
      await this.#client.request(method, path, request);
      return { ok: true };
    } catch (error) {
      if (!(error instanceof ApiError)) return { ok: false, isConflict: false, message: String(error) };
      if (error.status === alsoFine) return { ok: true };
      return { ok: false, isConflict: error.status === 409, message: error.message };
    }
  }
}

function pathOf(object: ObjectRef): string {
  const { apiVersion, kind, metadata } = object;
  const api = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
  return `${api}/namespaces/${namespaceOf(object)}/${plural}/${encodeURIComponent(metadata.name)}`;
}
