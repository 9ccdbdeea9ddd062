/** A large cluster in a real API server: nodes, pods that run on them, Services with EndpointSlices and policies. */
import { kubeconfigAccess } from '../../../central-controller/kubernetes/api-access.ts';
import { KubernetesClient } from '../../../central-controller/kubernetes/client.ts';
import { policy, policyKind, service } from '../../cluster/support/objects.ts';

export const NAMESPACE = 'shop';
/** Concurrent requests. More would only wait in the API server. */
const PARALLEL = 16;

export interface ClusterSize {
  readonly nodes: number;
  readonly pods: number;
  readonly services: number;
}

type Json = Readonly<Record<string, unknown>>;

interface WrittenPod {
  readonly name: string;
  readonly uid: string;
  readonly ip: string;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const item of rest) await work(item);
    }),
  );
}

export class LargeCluster implements AsyncDisposable {
  readonly size: ClusterSize;
  readonly #client: KubernetesClient;
  /** By service. */
  readonly #pods: WrittenPod[][];
  #made = 0;

  private constructor(client: KubernetesClient, size: ClusterSize) {
    this.#client = client;
    this.size = size;
    this.#pods = Array.from({ length: size.services }, () => []);
  }

  static async open(kubeconfig: string, size: ClusterSize): Promise<LargeCluster> {
    return new LargeCluster(new KubernetesClient(await kubeconfigAccess({ kubeconfig })), size);
  }

  /** Makes all objects. */
  async fill(): Promise<void> {
    const { nodes, pods, services } = this.size;
    await this.#post('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
    await this.#post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', await policyKind());
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, number) => number);
    await inParallel(numbers(nodes), (node) => this.#post('/api/v1/nodes', { metadata: { name: `node-${node}` } }));
    await inParallel(numbers(pods), (pod) => this.#addPod(pod % services));
    await inParallel(numbers(services), (number) => this.#addService(number));
  }

  podsOf(number: number): readonly WrittenPod[] {
    return this.#pods[number] ?? [];
  }

  /** Replaces a service's pods, as a Deployment does. Resolves when the endpoints name the new pods. */
  async roll(number: number): Promise<void> {
    const old = this.#pods[number] ?? [];
    this.#pods[number] = [];
    await inParallel(old, () => this.#addPod(number));
    await this.#client.request('PUT', `${slicesPath()}/${nameOf(number)}-x`, { body: this.#slice(number) });
    await inParallel(old, ({ name }) =>
      this.#client.request('DELETE', `${podsPath()}/${name}`, { query: { gracePeriodSeconds: 0 } }),
    );
  }

  async #addPod(number: number): Promise<void> {
    const made = this.#made++;
    const app = nameOf(number);
    const name = `${app}-7d9f8b6c5d-${String(made).padStart(5, '0')}`;
    const ip = `10.${made >> 16}.${(made >> 8) & 255}.${made & 255}`;
    const pod = await this.#post(podsPath(), {
      metadata: { name, labels: { app } },
      spec: {
        nodeName: `node-${(made * 7) % this.size.nodes}`,
        containers: [{ name: 'app', image: 'app', resources: { requests: { cpu: '50m' }, limits: { cpu: '500m' } } }],
      },
    });
    const lastTransitionTime = `${new Date().toISOString().slice(0, 19)}Z`;
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }];
    const status = { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions };
    await this.#client.request('PUT', `${podsPath()}/${name}/status`, { body: { ...pod, status } });
    const { uid = '' } = pod['metadata'] as { uid?: string };
    this.#pods[number]?.push({ name, uid, ip });
  }

  async #addService(number: number): Promise<void> {
    const name = nameOf(number);
    await this.#post(`/api/v1/namespaces/${NAMESPACE}/services`, service(NAMESPACE, name));
    await this.#post(slicesPath(), this.#slice(number));
    const policies = `/apis/ballast.dev/v1alpha1/namespaces/${NAMESPACE}/loadbalancingpolicies`;
    await this.#post(policies, policy(NAMESPACE, name));
  }

  #slice(number: number): Json {
    const service = nameOf(number);
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: `${service}-x`, namespace: NAMESPACE, labels: { 'kubernetes.io/service-name': service } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: this.podsOf(number).map(({ name, uid, ip }) => ({
        addresses: [ip],
        conditions: { ready: true, serving: true, terminating: false },
        targetRef: { kind: 'Pod', name, namespace: NAMESPACE, uid },
      })),
    };
  }

  async #post(path: string, body: Json): Promise<Json> {
    return (await this.#client.request('POST', path, { body })) as Json;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

export function nameOf(number: number): string {
  return `service-${number}`;
}

function podsPath(): string {
  return `/api/v1/namespaces/${NAMESPACE}/pods`;
}

function slicesPath(): string {
  return `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`;
}
