/** An application in the lab, behind its own ingress gateway. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BallastError } from '../../../contract/errors.ts';
import { type MeshApplication, applicationLoad } from '../../local-mesh/applications/application.ts';
import type { Kubectl } from '../control-plane/kubectl.ts';

const MANIFESTS = join(import.meta.dirname, '../manifests');
const START_LIMIT_MS = 180_000;
const REMOVE_LIMIT = '--timeout=120s';

/** Load that must succeed before the application counts as up. */
const TRIAL = { rate: 8, durationSeconds: 1 };

/** The fields of an application that the lab uses. Its manifests for the lab are in `manifests/<name>`. */
type Application = Pick<MeshApplication, 'name' | 'mix'>;

export class LabApplication {
  readonly application: Application;
  /** Address of its ingress gateway, reachable from this machine. */
  readonly ingress: URL;
  readonly #kubectl: Kubectl;
  readonly #address: string;

  /** `address` is a free one of the lab's addresses for Services of type LoadBalancer. */
  constructor(kubectl: Kubectl, application: Application, address: string) {
    this.application = application;
    this.ingress = new URL(`http://${address}/`);
    this.#kubectl = kubectl;
    this.#address = address;
  }

  get namespace(): string {
    return this.application.name;
  }

  /** Runs kubectl in its namespace. */
  async kubectl(...args: readonly string[]): Promise<string> {
    return this.#kubectl.run('-n', this.namespace, ...args);
  }

  /** Applies the manifests and gives the gateway its address, as a cloud provider would. Does not wait. */
  async install(): Promise<void> {
    await this.#kubectl.applyFolder(this.#folder);
    const status = { status: { loadBalancer: { ingress: [{ ip: this.#address }] } } };
    const patch = ['--subresource', 'status', '--type', 'merge', '--patch', JSON.stringify(status)];
    await this.kubectl('patch', 'service', await this.#gateway(), ...patch);
  }

  /** Waits until every pod is ready, except those of completed jobs. `progress` receives how many are. */
  async untilReady(progress: (text: string) => void): Promise<void> {
    const giveUp = Date.now() + START_LIMIT_MS;
    const replicas = await this.kubectl('get', 'statefulsets,deployments', '-o', 'jsonpath={.items[*].spec.replicas}');
    const expected = replicas.split(' ').reduce((sum, count) => sum + Number(count), 0);
    const columns = 'custom-columns=ready:.status.conditions[?(@.type=="Ready")].status,name:.metadata.name';
    const running = ['pods', '--field-selector', 'status.phase!=Succeeded', '--no-headers', '-o', columns];
    for (;;) {
      const pods = (await this.kubectl('get', ...running)).split('\n').filter(Boolean);
      const waiting = pods.filter((line) => !line.startsWith('True'));
      if (waiting.length === 0 && pods.length >= expected) return;
      progress(`${pods.length - waiting.length} of ${Math.max(expected, pods.length)} pods`);
      if (Date.now() > giveUp) {
        const names = waiting.map((line) => line.split(/\s+/).at(-1)).join(', ') || 'pods';
        const where = `see kubectl -n ${this.namespace} describe pods`;
        throw new BallastError('CHILD_FAILED', `not ready in time: ${names}; ${where}`);
      }
      await sleep(500);
    }
  }

  /** Waits until it answers through its gateway and Ballast chooses the replicas. */
  async untilBalanced(): Promise<void> {
    const giveUp = Date.now() + START_LIMIT_MS;
    const startLoad = applicationLoad(this.application, this.ingress);
    for (;;) {
      const { due, failed } = await startLoad(TRIAL).finished;
      if (failed === 0 && (await this.#picksAtGateway()) > 0) return;
      if (Date.now() > giveUp) {
        const reason = failed === 0 ? 'Istio chooses the replicas' : `${failed} of ${due} requests failed`;
        throw new BallastError('CHILD_FAILED', `${this.ingress.href} is not balanced: ${reason}`);
      }
      await sleep(250);
    }
  }

  /** Removes it with its namespace and waits for the end. */
  async remove(): Promise<void> {
    await this.#kubectl.run('delete', '--kustomize', this.#folder, '--ignore-not-found', '--wait', REMOVE_LIMIT);
  }

  get #folder(): string {
    return join(MANIFESTS, this.application.name);
  }

  /** Name of its Service of type LoadBalancer, and of the Deployment behind that. */
  async #gateway(): Promise<string> {
    const balancers = 'jsonpath={.items[?(@.spec.type=="LoadBalancer")].metadata.name}';
    const [name] = (await this.kubectl('get', 'services', '-o', balancers)).split(' ');
    if (name) return name;
    throw new BallastError('INVALID_MANIFEST', `${this.namespace}: there is no Service of type LoadBalancer`);
  }

  /** Requests that the gateway's plugin has chosen a replica for. */
  async #picksAtGateway(): Promise<number> {
    const stats = ['pilot-agent', 'request', 'GET', 'stats?filter=ballast_picks_total'];
    const gateway = `deployment/${await this.#gateway()}`;
    const shown = await this.kubectl('exec', gateway, '--', ...stats).catch(() => '');
    return Number(/ballast_picks_total: (\d+)/.exec(shown)?.[1] ?? 0);
  }
}
