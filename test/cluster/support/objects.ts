/** Objects of a small cluster, written to a real API server as kubelets and controllers would. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KubernetesClient } from '../../../central-controller/kubernetes/client.ts';
import { kubeconfigAccess } from '../../../central-controller/kubernetes/api-access.ts';

type Json = Readonly<Record<string, unknown>>;

const POLICY_CRD = join(import.meta.dirname, '../../../istio-configs/base/crds/loadbalancingpolicies.ballast.dev.yaml');

/** A schema that takes any object. */
export const OPEN: Json = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** A kind whose objects the API server takes without a schema, or with one. */
export function customKind(group: string, kind: string, plural: string, schema = OPEN, version = 'v1'): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

export async function policyKind(): Promise<Json> {
  return parse(await readFile(POLICY_CRD, 'utf8')) as Json;
}

export class ClusterWriter {
  readonly #client: KubernetesClient;

  private constructor(client: KubernetesClient) {
    this.#client = client;
  }

  static async open(kubeconfig: string): Promise<ClusterWriter> {
    return new ClusterWriter(new KubernetesClient(await kubeconfigAccess({ kubeconfig })));
  }

  /** Creates the object or updates it. */
  async apply(object: Json, subresource = ''): Promise<void> {
    const path = `${pathOf(object)}${subresource}`;
    const query = { fieldManager: 'test', force: true };
    await this.#client.request('PATCH', path, { query, body: object, contentType: 'application/apply-patch+yaml' });
  }

  async delete(object: Json, query: Readonly<Record<string, string | number>> = {}): Promise<void> {
    await this.#client.request('DELETE', pathOf(object), { query });
  }

  async read(object: Json): Promise<Json> {
    return (await this.#client.request('GET', pathOf(object))) as Json;
  }

  /** A pod that runs on a node, as the kubelet says. @returns its uid */
  async pod(pod: { namespace: string; name: string; node: string; ip: string; ready?: boolean }): Promise<string> {
    const { namespace, name, node, ip, ready = true } = pod;
    const app = name.replace(/-\d+$/, '');
    const identity = { apiVersion: 'v1', kind: 'Pod' };
    const metadata = { name, namespace };
    await this.apply({
      ...identity,
      metadata: { ...metadata, labels: { app } },
      spec: {
        nodeName: node,
        terminationGracePeriodSeconds: 30,
        containers: [
          { name: 'app', image: 'app', resources: { requests: { cpu: '50m' }, limits: { cpu: '0.5', memory: '1Gi' } } },
        ],
      },
    });
    const status = {
      phase: 'Running',
      podIP: ip,
      podIPs: [{ ip }],
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          lastTransitionTime: new Date().toISOString().slice(0, 19) + 'Z',
        },
      ],
    };
    await this.apply({ ...identity, metadata, status }, '/status');
    const { metadata: written } = (await this.read({ ...identity, metadata })) as { metadata: { uid: string } };
    return written.uid;
  }

  /** The endpoints of a Service, as its controller writes them. */
  async endpoints(
    namespace: string,
    service: string,
    pods: readonly { name: string; uid: string; ip: string; ready?: boolean }[],
  ): Promise<void> {
    await this.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${service}-x`, namespace, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: pods.map(({ name, uid, ip, ready = true }) => ({
        addresses: [ip],
        conditions: { ready, serving: ready, terminating: false },
        targetRef: { kind: 'Pod', name, namespace, uid },
      })),
    });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

export function node(name: string): Json {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name } };
}

export function namespace(name: string): Json {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function service(namespaceName: string, name: string): Json {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: namespaceName },
    spec: { selector: { app: name }, ports: [{ port: 8080, targetPort: 8080 }] },
  };
}

export function policy(namespaceName: string, name: string, spec: Json = {}): Json {
  return {
    apiVersion: 'ballast.dev/v1alpha1',
    kind: 'LoadBalancingPolicy',
    metadata: { name, namespace: namespaceName },
    spec: { targetRef: { kind: 'Service', name }, ...spec },
  };
}

const PLURALS: Readonly<Record<string, string>> = {
  LoadBalancingPolicy: 'loadbalancingpolicies',
};

function pathOf(object: Json): string {
  const { apiVersion, kind, metadata } = object as {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace?: string };
  };
  const plural = PLURALS[kind] ?? `${kind.toLowerCase()}s`;
  const scope = metadata.namespace === undefined ? '' : `namespaces/${metadata.namespace}/`;
  return `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}/${scope}${plural}/${metadata.name}`;
}
