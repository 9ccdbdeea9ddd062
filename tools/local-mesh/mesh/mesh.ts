/** A running mesh: real proxies, replicas, agents and a controller, on nodes made of this machine's CPU. */
import { buildPlugin } from '../../../wasm-plugin/build.ts';
import { setMaxListeners } from 'node:events';
import { mkdirSync } from 'node:fs';
import type { Mode } from '../../../central-controller/model/topology.ts';
import { BallastError } from '../../../contract/errors.ts';
import { AGENT_PORT, CONTROLLER_PORT } from '../../../contract/names.ts';
import { ensureEnvoy } from '../envoy/install.ts';
import { ADMIN_PORT, APPLICATION_PORT, SERVICE_PORT } from '../envoy/proxy.ts';
import type { ClusterDirectory } from '../manifests/cluster-directory.ts';
import type { MeshPod } from '../manifests/cluster-objects.ts';
import { agentAddress, edgeAddresses } from '../manifests/placement.ts';
import type { ClusterPlan } from '../manifests/plan-cluster.ts';
import type { MeshNode, NodeSet } from '../node/mesh-node.ts';
import { openNodes } from '../node/open-nodes.ts';
import { newRunName, RunDirectory } from '../process/run-directory.ts';
import { Supervisor } from '../process/supervisor.ts';
import type { Balancer } from '../report/phases.ts';
import { configureMesh } from './configure.ts';
import {
  agentSpec,
  applicationSpec,
  controllerSpec,
  dataFolder,
  neighbourSpec,
  type ProcessPaths,
  proxySpec,
} from './processes.ts';
import { untilReady } from './readiness.ts';
import type { MeshSettings } from './settings.ts';

/** One step of the start. It returns a text about its result. */
export interface Step {
  readonly title: string;
  run(): Promise<string | undefined>;
}

const START_TIMEOUT_MS = 90_000;

export class LocalMesh {
  readonly gateway: URL;
  readonly controller: URL;
  readonly #settings: MeshSettings;
  readonly #run = new RunDirectory(newRunName());
  readonly #supervisor: Supervisor;
  readonly #broken = new AbortController();
  #nodes: NodeSet | undefined;
  #plan: ClusterPlan | undefined;
  #cluster: ClusterDirectory | undefined;
  #paths: ProcessPaths;
  #plugin = '';
  #onExit = () => this.#endNow();

  constructor(settings: MeshSettings) {
    const { controller, gateway } = edgeAddresses(settings.network);
    this.#settings = settings;
    this.controller = new URL(`http://${controller}:${CONTROLLER_PORT}/`);
    this.gateway = new URL(`http://${gateway}:${SERVICE_PORT}/`);
    this.#paths = {
      envoy: '',
      manifests: this.#run.folder('manifests'),
      proxies: this.#run.folder('proxies'),
      data: this.#run.folder('data'),
      shared: this.#run.folder('shared'),
    };
    this.#supervisor = new Supervisor(this.#run, ({ code, message }) => {
      this.#broken.abort(new BallastError(code, message));
    });
    // Every wait for a process listens on this signal: some fifty at a time.
    setMaxListeners(0, this.#broken.signal);
    process.once('exit', this.#onExit);
  }

  /** Aborted with a BallastError as its reason when a process of the mesh ends unexpectedly. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** Configuration, manifests and logs of this run. */
  get directory(): string {
    return this.#run.path;
  }

  get nodes(): readonly MeshNode[] {
    return this.#opened.nodes;
  }

  /** True if the nodes share the machine's cores with everything else, instead of having quotas. */
  get sharesCores(): boolean {
    return this.#opened.sharesCores;
  }

  /** Gateway, controller and agents. */
  get edge(): MeshNode {
    return this.#opened.edge;
  }

  get replicas(): readonly MeshPod[] {
    return this.#planned.replicas;
  }

  /** The agents with the number of proxies that each serves, the edge's agent first. */
  get agents(): readonly { readonly url: URL; readonly proxies: number }[] {
    const { replicas, gateway } = this.#planned;
    return [this.#opened.edge, ...this.nodes].map(({ name }, index) => ({
      url: new URL(`http://${agentAddress(this.#settings.network, index)}:${AGENT_PORT}/`),
      proxies: [...replicas, gateway].filter(({ nodeName }) => nodeName === name).length,
    }));
  }

  /** The processes, named `controller`, `agent-<node>`, `<pod>`, `<pod>-proxy` and `neighbour`. */
  get processes(): Supervisor {
    return this.#supervisor;
  }

  /** The steps that start the mesh. Run them once, in this order. */
  get steps(): readonly Step[] {
    return [
      { title: 'Envoy', run: () => this.#installEnvoy() },
      { title: 'Plugin', run: () => this.#buildPlugin() },
      { title: 'Nodes', run: () => this.#makeNodes() },
      { title: 'Controller', run: () => this.#startController() },
      { title: 'Replicas and their sidecars', run: () => this.#startPods() },
      { title: 'Agents', run: () => this.#startAgents() },
      { title: 'Application', run: () => this.#awaitApplication() },
    ];
  }

  /** Switches Ballast on (`Enforce`) or leaves the balancing to Istio (`Observe`). */
  setMode(mode: Mode): void {
    this.#cluster?.setMode(mode);
  }

  balanceBy(balancer: Balancer): void {
    this.setMode(balancer === 'ballast' ? 'Enforce' : 'Observe');
  }

  /** Sets a replica's readiness as the controller sees it, in the role of a kubelet. */
  setReady(pod: string, ready: boolean): void {
    this.#cluster?.setReady(pod, ready);
  }

  /** Starts a neighbour that takes `cores` of the node's CPU. */
  startNeighbour(node: MeshNode, cores: number): void {
    this.#supervisor.start(neighbourSpec(node, cores));
  }

  async stopNeighbour(): Promise<void> {
    await this.#supervisor.stop('neighbour', 'SIGKILL');
  }

  /**
   * Ends all processes and removes nodes and files; `keepFiles` keeps configuration and logs. Returns what could not be
   * removed.
   */
  async stop(keepFiles = false): Promise<readonly string[]> {
    this.#supervisor.killAll();
    await this.#supervisor.allEnded();
    const left = this.#nodes?.remove() ?? [];
    if (!keepFiles) this.#run.remove();
    process.removeListener('exit', this.#onExit);
    return left;
  }

  get #opened(): NodeSet {
    if (!this.#nodes) throw new Error('the mesh has no nodes yet');
    return this.#nodes;
  }

  get #planned(): ClusterPlan {
    if (!this.#plan) throw new Error('the mesh is not planned yet');
    return this.#plan;
  }

  #endNow(): void {
    this.#supervisor.killAll();
    this.#nodes?.remove();
  }

  async #installEnvoy(): Promise<undefined> {
    this.#paths = { ...this.#paths, envoy: await ensureEnvoy() };
  }

  async #buildPlugin(): Promise<undefined> {
    this.#plugin = await buildPlugin();
  }

  async #makeNodes(): Promise<string> {
    const { nodes, pinned } = this.#settings;
    const { set, removed } = openNodes(this.#run, nodes, pinned);
    this.#nodes = set;
    for (const node of set.nodes) node.limit(false);
    const { plan, cluster } = await configureMesh(this.#settings, set, this.#plugin, this.#paths);
    this.#plan = plan;
    this.#cluster = cluster;
    const sizes = set.nodes.map(({ name, cores }) => `${name} ${Number(cores.toFixed(2))}`).join(', ');
    const cleaned = removed.length === 0 ? '' : `; removed the remains of ${removed.length} earlier runs`;
    const notice = set.notice === undefined ? '' : `. ${set.notice}`;
    return `${sizes} cores${cleaned}${notice}`;
  }

  async #startController(): Promise<string> {
    const { controller } = edgeAddresses(this.#settings.network);
    this.#supervisor.start(controllerSpec(this.#opened.edge, controller, this.#paths));
    await this.#ready(new URL('/livez', this.controller).href);
    return `live at ${this.controller.href}`;
  }

  async #startPods(): Promise<string> {
    const { application } = this.#settings;
    const { replicas, gateway } = this.#planned;
    await application.prepare?.(this.#paths.shared);
    for (const pod of replicas) {
      mkdirSync(dataFolder(pod, this.#paths), { recursive: true });
      this.#supervisor.start(applicationSpec(application, pod, this.#nodeOf(pod), this.#paths));
      this.#supervisor.start(proxySpec(pod, this.#nodeOf(pod), this.#paths));
    }
    this.#supervisor.start(proxySpec(gateway, this.#opened.edge, this.#paths));
    await Promise.all([
      ...replicas.map(({ ip }) => this.#ready(`http://${ip}:${APPLICATION_PORT}/readyz`)),
      ...[...replicas, gateway].map(({ ip }) => this.#ready(`http://${ip}:${ADMIN_PORT}/ready`)),
    ]);
    return `${replicas.length} replicas, ${replicas.length + 1} Envoys`;
  }

  async #startAgents(): Promise<undefined> {
    const { controller } = edgeAddresses(this.#settings.network);
    const { nodes, edge } = this.#opened;
    for (const [index, node] of [edge, ...nodes].entries()) {
      this.#supervisor.start(agentSpec(node, edge, agentAddress(this.#settings.network, index), controller));
    }
    await Promise.all(this.agents.map(({ url }) => this.#ready(new URL('/livez', url).href)));
  }

  async #awaitApplication(): Promise<string> {
    await this.#ready(new URL('/readyz', this.gateway).href);
    for (const node of this.#opened.nodes) node.limit(true);
    return `serves at ${this.gateway.href}`;
  }

  #nodeOf(pod: MeshPod): MeshNode {
    const { nodes, edge } = this.#opened;
    return nodes.find(({ name }) => name === pod.nodeName) ?? edge;
  }

  async #ready(url: string): Promise<void> {
    await untilReady(url, { signal: this.#broken.signal, timeoutMs: START_TIMEOUT_MS });
  }
}
