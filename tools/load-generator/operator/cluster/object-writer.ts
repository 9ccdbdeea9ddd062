/** Writes the operator's objects, by server-side apply with its own field manager. */
import {
  ApiError,
  type ApiRequest,
  type KubernetesClient,
  type Method,
} from '../../../../central-controller/kubernetes/client.ts';
import { failure, type Result, success } from '../../../../contract/result.ts';
import {
  LOADGEN_API_VERSION,
  type LoadgenRequest,
  REQUEST_KIND,
  REQUEST_PLURAL,
  withRequestDefaults,
} from '../api/request.ts';
import type { RequestStatus } from '../api/request-status.ts';
import { type Measured, RESULT_KIND, RESULT_PLURAL, type ResultLoad } from '../api/result.ts';
import { resultNameOf } from '../plan/statuses.ts';

const APPLY = {
  contentType: 'application/apply-patch+yaml',
  query: { fieldManager: 'ballast-load-operator', force: true },
} as const;

export class ObjectWriter {
  readonly #client: Pick<KubernetesClient, 'request'>;

  constructor(client: Pick<KubernetesClient, 'request'>) {
    this.#client = client;
  }

  /** Also fails if another request has this name by now. */
  writeStatus({ metadata }: LoadgenRequest, status: RequestStatus): Promise<Result<undefined>> {
    const { name, namespace, uid } = metadata;
    const identity = { apiVersion: LOADGEN_API_VERSION, kind: REQUEST_KIND };
    const body = { ...identity, metadata: { name, namespace, uid }, status };
    return this.#request('PATCH', `${pathOf(namespace, REQUEST_PLURAL, name)}/status`, { ...APPLY, body });
  }

  /** Kubernetes deletes the result when the request is gone. */
  writeResult(request: LoadgenRequest, measured: Measured): Promise<Result<undefined>> {
    const { name: owner, namespace, uid } = request.metadata;
    const name = resultNameOf(request);
    const body = {
      apiVersion: LOADGEN_API_VERSION,
      kind: RESULT_KIND,
      metadata: {
        name,
        namespace,
        ownerReferences: [{ apiVersion: LOADGEN_API_VERSION, kind: REQUEST_KIND, name: owner, uid, controller: true }],
      },
      load: loadOf(request),
      measured,
    };
    return this.#request('PATCH', pathOf(namespace, RESULT_PLURAL, name), { ...APPLY, body });
  }

  delete({ metadata }: LoadgenRequest): Promise<Result<undefined>> {
    const { name, namespace, uid } = metadata;
    const body = { preconditions: { uid }, propagationPolicy: 'Background' };
    return this.#request('DELETE', pathOf(namespace, REQUEST_PLURAL, name), { body }, 404);
  }

  async #request(method: Method, path: string, request: ApiRequest, alsoFine?: number): Promise<Result<undefined>> {
    try {
      await this.#client.request(method, path, request);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== alsoFine) return failure('CLUSTER_UNREACHABLE', `${method} ${path}: ${error.message}`);
    }
    return success(undefined);
  }
}

function loadOf({ metadata, spec }: LoadgenRequest): ResultLoad {
  const { serviceName, port, path, mix, targetQps, durationSeconds, maxOutstanding } = withRequestDefaults(spec);
  return {
    requestName: metadata.name,
    serviceName,
    port,
    ...(mix === undefined ? { path: path ?? '/' } : { mix }),
    targetQps,
    durationSeconds,
    maxOutstanding,
  };
}

function pathOf(namespace: string, plural: string, name: string): string {
  return `/apis/${LOADGEN_API_VERSION}/namespaces/${namespace}/${plural}/${name}`;
}
