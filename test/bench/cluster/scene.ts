/** The lab for measurements: its API server, its pods, and their control groups on this machine. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, KubernetesClient } from '../../../central-controller/kubernetes/client.ts';
import { kubeconfigAccess } from '../../../central-controller/kubernetes/api-access.ts';
import { linesOf } from '../../../central-controller/kubernetes/lines.ts';
import type { Lab } from '../../../tools/lab/lab.ts';
import { type Pod, type PodObject, podOf } from '../../lab/support/pods.ts';

export const HOTEL = 'hotel-reservation';
export const SYSTEM = 'ballast-system';
export const AGENTS = 'ballast-agents';

/** A cluster takes its time to reach a state. */
const PATIENCE_MS = 240_000;
const LOOK_EVERY_MS = 250;
const WATCH_SILENCE_MS = 600_000;

export class Scene implements AsyncDisposable {
  readonly lab: Lab;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
  readonly #client: KubernetesClient;

  private constructor(lab: Lab, client: KubernetesClient, signal: AbortSignal, progress: (line: string) => void) {
    this.lab = lab;
    this.#client = client;
    this.signal = signal;
    this.progress = progress;
  }

  static async open(lab: Lab, signal: AbortSignal, progress: (line: string) => void): Promise<Scene> {
    const client = new KubernetesClient(await kubeconfigAccess({ kubeconfig: lab.folder.kubeconfig }));
    return new Scene(lab, client, signal, progress);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }

  /** Pods of a namespace, including those that terminate; `label` as `<key>=<value>`. */
  async pods(namespace: string, label?: string): Promise<Pod[]> {
    const list = (await this.#client.request('GET', `/api/v1/namespaces/${namespace}/pods`, {
      ...(label !== undefined && { query: { labelSelector: label } }),
    })) as { items: readonly PodObject[] };
    return list.items.map(podOf);
  }

  /** Waits until a StatefulSet has exactly this many pods, all ready and none terminating. */
  async untilReady(app: string, count: number): Promise<void> {
    await this.until(`${count} ready replicas of ${app}`, async () => {
      const pods = await this.pods(HOTEL, `app=${app}`);
      return pods.length === count && pods.every(({ ready, leaving }) => ready && !leaving);
    });
  }

  /** @throws Error that names what it waited for in vain */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const giveUp = Date.now() + PATIENCE_MS;
    while (!(await holds())) {
      if (Date.now() > giveUp) throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`);
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.signal });
    }
  }

  /** Merges a change into an object of the application: `apis/apps/v1/statefulsets/user`. */
  async patch(kind: string, name: string, change: object): Promise<void> {
    const at = kind.lastIndexOf('/');
    const path = `/${kind.slice(0, at)}/namespaces/${HOTEL}/${kind.slice(at + 1)}/${name}`;
    await this.#client.request('PATCH', path, { body: change, contentType: 'application/merge-patch+json' });
  }

  /** Reports each change of the application's pods from the API server's watch, until `signal` is aborted. */
  async watchPods(signal: AbortSignal, heard: (pod: Pod) => void): Promise<void> {
    try {
      const chunks = await this.#client.stream(
        `/api/v1/namespaces/${HOTEL}/pods`,
        { query: { watch: true }, signal },
        WATCH_SILENCE_MS,
      );
      for await (const line of linesOf(chunks)) heard(podOf((JSON.parse(line) as { object: PodObject }).object));
    } catch (error) {
      if (!(signal.aborted && error instanceof ApiError)) throw error;
    }
  }

  /** Address of the leader. */
  async controller(): Promise<URL> {
    for (const { ip } of await this.pods(SYSTEM, 'app.kubernetes.io/name=central-controller')) {
      const url = new URL(`http://${ip}:15070/`);
      const answer = await fetch(new URL('/api/v1/leader', url));
      if (((await answer.json()) as { leading: boolean }).leading) return url;
    }
    throw new Error('no controller leads');
  }

  /** Control group of a pod in the hierarchy of a controller such as `cpuacct`. */
  groupOf({ node, uid, quality }: Pod, controller: string): string {
    const level = quality === 'Guaranteed' ? '' : quality.toLowerCase();
    return join(this.lab.node(node).cgroup(controller), 'kubepods', level, `pod${uid}`);
  }
}
