/** The facts that `ballast doctor` checks, from the API server. */
import { ApiError, type KubernetesClient } from '../../kubernetes/client.ts';
import { BallastError } from '../../../contract/errors.ts';
import type { NodeInventory } from '../../../contract/node-inventory.ts';
import { POLICY_API_VERSION } from '../../../contract/policy.ts';

/** The fields of an object that the checks read. The objects are not validated, so fields are optional. */
export interface ClusterObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

export interface ClusterFacts {
  /** Version of the API server, such as `v1.33.2`. */
  readonly kubernetes: string;
  readonly nodes: readonly ClusterObject[];
  readonly namespaces: readonly ClusterObject[];
  /** Deployments of istiod. */
  readonly istiods: readonly ClusterObject[];
  /** Pods of ingress gateways. */
  readonly gateways: readonly ClusterObject[];
  /** Pods of agents and controllers. */
  readonly agents: readonly ClusterObject[];
  readonly controllers: readonly ClusterObject[];
  /** Undefined: the cluster does not have the kind. */
  readonly policies: readonly ClusterObject[] | undefined;
  /** All WasmPlugins and TrafficExtensions, also those of other systems. */
  readonly plugins: readonly ClusterObject[];
  readonly lease: ClusterObject | undefined;
  /** What nodes are made of, by the controller's word; undefined where it cannot be asked. */
  readonly hardware: readonly NodeHardware[] | undefined;
}

export interface NodeHardware {
  readonly name: string;
  readonly inventory?: NodeInventory;
}

/** The controller's nodes, through the API server. */
const NODES = '/api/v1/namespaces/ballast-system/services/ballast-controller:http/proxy/api/v1/nodes';

async function readHardware(client: KubernetesClient): Promise<readonly NodeHardware[] | undefined> {
  try {
    return ((await client.request('GET', NODES)) as { readonly nodes?: readonly NodeHardware[] }).nodes;
  } catch (error) {
    // Other checks say why: there is no controller, or these credentials may not ask it.
    if (error instanceof ApiError) return undefined;
    throw error;
  }
}

/** @throws BallastError CLUSTER_UNREACHABLE */
export async function readFacts(client: KubernetesClient): Promise<ClusterFacts> {
  const get = async (path: string, query = {}): Promise<unknown> => {
    try {
      return await client.request('GET', path, { query });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) return undefined;
      throw new BallastError('CLUSTER_UNREACHABLE', `${path}: ${error.message}`, { cause: error });
    }
  };
  const list = async (path: string, labelSelector = ''): Promise<readonly ClusterObject[] | undefined> => {
    const answer = await get(path, { labelSelector });
    return answer === undefined ? undefined : (answer as { readonly items: readonly ClusterObject[] }).items;
  };
  const pods = (name: string) => list('/api/v1/pods', `app.kubernetes.io/name=${name}`);
  const [
    version,
    nodes,
    namespaces,
    istiods,
    ingress,
    gatewayApi,
    agents,
    controllers,
    policies,
    wasm,
    extensions,
    lease,
    hardware,
  ] = await Promise.all([
    get('/version'),
    list('/api/v1/nodes'),
    list('/api/v1/namespaces'),
    list('/apis/apps/v1/deployments', 'app=istiod'),
    list('/api/v1/pods', 'istio=ingressgateway'),
    list('/api/v1/pods', 'gateway.networking.k8s.io/gateway-name'),
    pods('host-agent'),
    pods('central-controller'),
    list(`/apis/${POLICY_API_VERSION}/loadbalancingpolicies`),
    list('/apis/extensions.istio.io/v1alpha1/wasmplugins'),
    list('/apis/extensions.istio.io/v1alpha1/trafficextensions'),
    get('/apis/coordination.k8s.io/v1/namespaces/ballast-system/leases/ballast-controller'),
    readHardware(client),
  ]);
  return {
    kubernetes: String((version as { gitVersion?: unknown } | undefined)?.gitVersion ?? ''),
    nodes: nodes ?? [],
    namespaces: namespaces ?? [],
    istiods: istiods ?? [],
    gateways: [...(ingress ?? []), ...(gatewayApi ?? [])],
    agents: agents ?? [],
    controllers: controllers ?? [],
    policies,
    plugins: [...(wasm ?? []), ...(extensions ?? [])],
    lease: lease as ClusterObject | undefined,
    hardware,
  };
}
