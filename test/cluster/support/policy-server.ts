/** Policies on a real API server that has the custom resource, and nothing that acts on it. */
import { CustomObjectsApi, KubeConfig } from '@kubernetes/client-node';
import { join } from 'node:path';
import {
  POLICY_API_VERSION,
  POLICY_GROUP,
  POLICY_KIND,
  POLICY_PLURAL,
  POLICY_VERSION,
  type PolicySpec,
} from '../../../contract/policy.ts';
import type { PolicyStatus } from '../../../contract/policy-status.ts';
import { type ApiServer, startApiServer } from '../api-server/api-server.ts';

const CRD = join(import.meta.dirname, '../../../istio-configs/base/crds/loadbalancingpolicies.ballast.dev.yaml');

/** Where the client finds them. */
export const WHERE = { group: POLICY_GROUP, version: POLICY_VERSION, plural: POLICY_PLURAL, namespace: 'default' };

export interface PolicyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
  };
  readonly spec?: PolicySpec;
  readonly status?: PolicyStatus;
}

export function policy(name: string, spec: unknown): PolicyObject {
  const metadata = { name, namespace: WHERE.namespace };
  return { apiVersion: POLICY_API_VERSION, kind: POLICY_KIND, metadata, spec: spec as PolicySpec };
}

export class PolicyServer implements AsyncDisposable {
  readonly objects: CustomObjectsApi;
  readonly #server: ApiServer;

  private constructor(server: ApiServer, objects: CustomObjectsApi) {
    this.#server = server;
    this.objects = objects;
  }

  static async start(): Promise<PolicyServer> {
    const server = await startApiServer();
    await server.kubectl(['apply', '--filename', CRD]);
    await server.kubectl(['wait', '--for=condition=established', `crd/${POLICY_PLURAL}.${POLICY_GROUP}`]);
    const config = new KubeConfig();
    config.loadFromFile(server.kubeconfig);
    return new PolicyServer(server, config.makeApiClient(CustomObjectsApi));
  }

  kubectl(args: string[], input?: string): Promise<string> {
    return this.#server.kubectl(args, input);
  }

  async create(name: string, spec: PolicySpec): Promise<PolicyObject> {
    return (await this.objects.createNamespacedCustomObject({ ...WHERE, body: policy(name, spec) })) as PolicyObject;
  }

  async read(name: string): Promise<PolicyObject> {
    return (await this.objects.getNamespacedCustomObject({ ...WHERE, name })) as PolicyObject;
  }

  /** Server-side apply with kubectl, of the policy or of its status. */
  apply(manager: string, body: object, ...flags: string[]): Promise<string> {
    const args = ['apply', '--server-side', `--field-manager=${manager}`, ...flags, '--filename', '-'];
    return this.#server.kubectl(args, JSON.stringify(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}
