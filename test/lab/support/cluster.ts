/** The lab's cluster as tests work with it: objects, pods and what runs in them. */
import { ApiError, KubernetesClient } from '../../../central-controller/kubernetes/client.ts';
import { kubeconfigAccess } from '../../../central-controller/kubernetes/api-access.ts';
import type { PolicyConditionType, PolicyReason, PolicyStatus } from '../../../contract/policy-status.ts';
import { type Lab, openLab } from '../../../tools/lab/lab.ts';
import { expect } from 'vitest';
import { eventually } from '../../support/soon.ts';
import { type Pod, type PodObject, podOf } from './pods.ts';

export const HOTEL = 'hotel-reservation';

/** API paths of the kinds that tests read and change. */
const PATHS = {
  services: 'api/v1',
  pods: 'api/v1',
  events: 'api/v1',
  statefulsets: 'apis/apps/v1',
  loadbalancingpolicies: 'apis/ballast.dev/v1alpha1',
  virtualservices: 'apis/networking.istio.io/v1',
  destinationrules: 'apis/networking.istio.io/v1',
  peerauthentications: 'apis/security.istio.io/v1',
} as const;
type Resource = keyof typeof PATHS;

export class LabCluster implements AsyncDisposable {
  readonly lab: Lab;
  readonly #client: KubernetesClient;

  private constructor(lab: Lab, client: KubernetesClient) {
    this.lab = lab;
    this.#client = client;
  }

  static async open(): Promise<LabCluster> {
    const lab = await openLab();
    return new LabCluster(lab, new KubernetesClient(await kubeconfigAccess({ kubeconfig: lab.folder.kubeconfig })));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }

  /** The current object; undefined if there is none. */
  async find<T = unknown>(resource: Resource, name: string, namespace = HOTEL): Promise<T | undefined> {
    try {
      return (await this.#client.request('GET', pathOf(resource, namespace, name))) as T;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Merges into an object; null removes a field. */
  async patch(resource: Resource, name: string, change: object, namespace = HOTEL): Promise<void> {
    const path = pathOf(resource, namespace, name);
    await this.#client.request('PATCH', path, { body: change, contentType: 'application/merge-patch+json' });
  }

  /** Deletes an object, if it is there. */
  async remove(resource: Resource, name: string, namespace = HOTEL): Promise<void> {
    try {
      await this.#client.request('DELETE', pathOf(resource, namespace, name));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }

  /** Applies objects as a user would. */
  async apply(...objects: readonly object[]): Promise<void> {
    await this.lab.kubectl.apply(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  }

  /** Pods with a label `<key>=<value>` that are not about to go, by name. */
  async pods(label: string, namespace = HOTEL): Promise<Pod[]> {
    const list = (await this.#client.request('GET', pathOf('pods', namespace), {
      query: { labelSelector: label },
    })) as { items: readonly PodObject[] };
    return list.items
      .map(podOf)
      .filter(({ leaving }) => !leaving)
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  /** Waits until a label's pods are exactly so many, and ready. */
  async untilReady(label: string, count: number, namespace = HOTEL): Promise<Pod[]> {
    return eventually(async () => {
      const pods = await this.pods(label, namespace);
      expect(pods.map(({ name, ready }) => `${name} ${ready}`)).toEqual(pods.map(({ name }) => `${name} true`));
      expect(pods).toHaveLength(count);
      return pods;
    });
  }

  /** Status of a policy. */
  async statusOf(policy: string): Promise<PolicyStatus> {
    const found = await this.find<{ status?: PolicyStatus }>('loadbalancingpolicies', policy);
    return found?.status ?? {};
  }

  /** Waits until a policy's condition has this reason. */
  async untilPolicy(policy: string, reason: PolicyReason, condition: PolicyConditionType = 'Ready'): Promise<void> {
    await eventually(async () => {
      const { conditions = [] } = await this.statusOf(policy);
      const found = conditions.find(({ type }) => type === condition);
      expect({ policy, reason: found?.reason, message: found?.message }).toMatchObject({ policy, reason });
    });
  }
}

function pathOf(resource: Resource, namespace: string, name?: string): string {
  const list = `/${PATHS[resource]}/namespaces/${namespace}/${resource}`;
  return name === undefined ? list : `${list}/${name}`;
}
