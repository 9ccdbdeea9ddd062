/** Ballast's own REST API, asked at the controller that leads. */
import type { ReplicaDecision, ServiceDecision } from '../../../contract/decision.ts';
import { HOTEL, type LabCluster } from './cluster.ts';
import type { Pod } from './pods.ts';
import { eventually } from '../../support/soon.ts';

const PATIENCE_MS = 2_000;
const CONTROLLERS = 'app.kubernetes.io/name=central-controller';

export interface NodeView {
  readonly name: string;
  readonly stale: boolean;
  readonly agentConnected: boolean;
  readonly reportAgeMs: number | null;
}

export interface ProxyView {
  readonly node: string;
  readonly pod: string;
  readonly tableVersion: number;
  readonly heardAgeMs: number;
}

export interface Proxies {
  /** Newest published version. */
  readonly version: number;
  readonly proxies: readonly ProxyView[];
}

export class Controllers {
  readonly #cluster: LabCluster;

  constructor(cluster: LabCluster) {
    this.#cluster = cluster;
  }

  async pods(): Promise<Pod[]> {
    return this.#cluster.pods(CONTROLLERS, 'ballast-system');
  }

  /** Waits for a controller that leads, other than one of the same name and start. */
  async leader(): Promise<Pod> {
    return eventually(async () => {
      for (const pod of await this.pods()) {
        const answer = await ask<{ leading: boolean }>(pod, '/api/v1/leader').catch(() => undefined);
        if (answer?.leading) return pod;
      }
      throw new Error('no controller says that it leads');
    });
  }

  async #get<T>(path: string): Promise<T> {
    return ask<T>(await this.leader(), path);
  }

  async service(name: string, namespace = HOTEL): Promise<ServiceDecision> {
    return this.#get<ServiceDecision>(`/api/v1/services/${namespace}/${name}`);
  }

  /** Replicas of a service as last decided, by name. */
  async replicas(service: string, namespace = HOTEL): Promise<Map<string, ReplicaDecision>> {
    const { replicas } = await this.service(service, namespace);
    return new Map(replicas.map((replica) => [replica.name, replica]));
  }

  async nodes(): Promise<readonly NodeView[]> {
    return (await this.#get<{ nodes: NodeView[] }>('/api/v1/nodes')).nodes;
  }

  async proxies(): Promise<Proxies> {
    return this.#get<Proxies>('/api/v1/proxies');
  }
}

/** Answers are small; pods are reached from this machine as nodes reach them. */
async function ask<T>(pod: Pod, path: string): Promise<T> {
  const response = await fetch(`http://${pod.ip}:15070${path}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${pod.name} answers ${response.status} to ${path}: ${await response.text()}`);
  return (await response.json()) as T;
}
