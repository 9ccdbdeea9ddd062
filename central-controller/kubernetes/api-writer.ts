/** Writes to a real API server, all as the field manager `ballast-controller`. */
import type { PolicyStatus } from '../../contract/policy-status.ts';
import { ApiError, type ApiRequest, type KubernetesClient, type Method } from './client.ts';
import { FIELD_MANAGER } from './observed-objects.ts';
import { KINDS, objectPath } from './kinds.ts';
import type { Manifest } from './manifest.ts';
import type { KubernetesWriter, ObjectRef, WriteOutcome } from './kubernetes-writer.ts';

const APPLY = 'application/apply-patch+yaml';

export class ApiWriter implements KubernetesWriter {
  readonly #client: Pick<KubernetesClient, 'request'>;

  constructor(client: Pick<KubernetesClient, 'request'>) {
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

function pathOf({ apiVersion, kind, metadata }: ObjectRef): string {
  const of = Object.values(KINDS).find((each) => each.kind === kind);
  if (!of) throw new Error(`${kind}: not in the table of kinds`);
  return objectPath({ apiVersion, plural: of.plural }, metadata);
}
