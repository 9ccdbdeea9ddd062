/** The demo: a mesh, a load that never pauses, and phases in which Istio's default and Ballast take turns. */
import type { Routing } from '../../contract/assignment.ts';
import type { Load } from '../load-generator/load.ts';
import { type MeshApplication, type StartLoad, applicationLoad } from './applications/application.ts';
import { calibrate } from './phases/calibrate.ts';
import { type CpuCounter, hostCpu, ownCpu } from './phases/cpu-recorder.ts';
import { type MachineUse, inOrder, machineUse } from './phases/machine-use.ts';
import { measureRun, percentilesOf } from './phases/measure.ts';
import { type PlanRequest, type PlannedPhase, describePhase, planPhases } from './phases/plan.ts';
import { type PhaseStage, runPhases } from './phases/run-phases.ts';
import type { ShownStep } from './progress.ts';
import type { Balancer, MeasuredRun } from './report/phases.ts';

export interface DemoNode extends CpuCounter {
  /** Enforces the node's CPU, or lifts it so that everything starts at the machine's own speed. */
  limit(enforced: boolean): void;
}

/** Port. What `steps` bring about is there once they have been run. */
export interface DemoMesh<Node extends DemoNode = DemoNode> {
  readonly steps: readonly ShownStep[];
  readonly gateway: URL;
  /** Nodes of limited CPU, with the replicas. */
  readonly nodes: readonly Node[];
  /** Everything of the mesh that runs beside the nodes. */
  readonly edge: CpuCounter;
  readonly replicas: readonly { readonly nodeName: string }[];
  /** The nodes share the machine's cores with everything else, instead of having a quota each. */
  readonly sharesCores: boolean;
  /** Aborted, with what ended it as the reason, when the mesh does not serve any more. */
  readonly broken: AbortSignal;
  balanceBy(balancer: Balancer): Promise<void> | void;
  /** Starts a neighbour that takes so many cores of the node. */
  startNeighbour(node: Node, cores: number): Promise<void> | void;
  stopNeighbour(): Promise<void>;
}

/** How busy the nodes are on average without a neighbour where they must leave room for everything else. */
const SHARED_NODES_BUSY = 0.35;
/** What the neighbour takes of its node. */
const NEIGHBOUR_FRACTION = 0.7;

export interface DemoSettings extends PlanRequest {
  /** What the mesh runs. */
  readonly application: Pick<MeshApplication, 'name' | 'mix'>;
  /** Requests per second; chosen by calibration when not given. */
  readonly rate?: number;
  /** Mean utilisation of the nodes that calibration aims at, without a neighbour; less where nodes share cores. */
  readonly nodesBusy: number;
  readonly routing: Routing;
  /** Node that the neighbour runs on; by default the one with the most replicas for its CPU. */
  readonly neighbourOn?: string;
}

export interface DemoResult {
  readonly run: MeasuredRun;
  readonly rate: number;
  /** CPU that a request takes of the nodes, core-seconds; known when the rate was calibrated. */
  readonly requestCpuSeconds?: number;
  readonly machine: MachineUse;
}

export class Demo<Node extends DemoNode> {
  readonly #mesh: DemoMesh<Node>;
  readonly #settings: DemoSettings;
  readonly #start: StartLoad;
  #rate = 0;
  #requestCpuSeconds: number | undefined;
  #load: Load | undefined;
  #result: DemoResult | undefined;

  constructor(mesh: DemoMesh<Node>, settings: DemoSettings) {
    this.#mesh = mesh;
    this.#settings = settings;
    this.#start = applicationLoad(settings.application, mesh.gateway);
  }

  get result(): DemoResult {
    if (!this.#result) throw new Error('the demo has not been run');
    return this.#result;
  }

  /** From nothing to the measured result. */
  get steps(): readonly ShownStep[] {
    return [
      ...this.#mesh.steps,
      { title: 'Rate', run: () => this.#chooseRate() },
      { title: 'Phases', run: (progress) => this.#runPhases(progress) },
    ];
  }

  /** Goes on under load with Ballast until the mesh is stopped. */
  async goOn(): Promise<void> {
    await this.#mesh.balanceBy('ballast');
    this.#load = this.#startLoad({ rate: this.#rate });
  }

  /** No further request is sent. */
  async stopLoad(): Promise<void> {
    await this.#load?.stop();
  }

  get #neighbourNode(): Node {
    const { nodes, replicas } = this.#mesh;
    const crowd = ({ name, cores }: Node) => replicas.filter(({ nodeName }) => nodeName === name).length / cores;
    const chosen = nodes.find(({ name }) => name === this.#settings.neighbourOn);
    const [most] = nodes.toSorted((a, b) => crowd(b) - crowd(a));
    if (!most) throw new Error('the mesh has no nodes');
    return chosen ?? most;
  }

  #startLoad(options: Parameters<StartLoad>[0]): Load {
    this.#load = this.#start(options);
    return this.#load;
  }

  async #chooseRate(): Promise<string> {
    const { nodes } = this.#mesh;
    const startLoad = (rate: number) => this.#startLoad({ rate });
    const limit = (enforced: boolean) => nodes.forEach((node) => node.limit(enforced));
    const target = this.#mesh.sharesCores ? SHARED_NODES_BUSY : this.#settings.nodesBusy;
    const { rate, cost } = await calibrate({ nodes, target, startLoad, limit });
    this.#requestCpuSeconds = cost;
    this.#rate = this.#settings.rate ?? Math.round(rate);
    return `${this.#rate} requests/s, ${(cost * 1000).toFixed(1)} ms of the nodes' CPU each`;
  }

  async #runPhases(progress: (text: string) => void): Promise<string> {
    const plan = planPhases(this.#settings);
    const { nodes, edge } = this.#mesh;
    const node = this.#neighbourNode;
    const counters = { nodes, edge: [edge, ownCpu()], host: hostCpu() };
    const stage: PhaseStage = {
      counters: inOrder(counters),
      startLoad: (options) => this.#startLoad({ ...options, rate: this.#rate }),
      balanceBy: (balancer: Balancer) => this.#mesh.balanceBy(balancer),
      neighbour: (on) => {
        return on ? this.#mesh.startNeighbour(node, NEIGHBOUR_FRACTION * node.cores) : this.#mesh.stopNeighbour();
      },
      progress: (phase: PlannedPhase, second, seconds) => {
        const { p99Ms } = percentilesOf(seconds.filter(({ index }) => index >= phase.measuredSecond));
        const at = `${plan.indexOf(phase) + 1}/${plan.length} ${describePhase(phase)}`;
        const time = `${second + 1 - phase.startSecond}/${phase.endSecond - phase.startSecond} s`;
        progress(`${at}: ${time}${p99Ms > 0 ? `, p99 ${p99Ms.toFixed(0)} ms` : ''}`);
      },
    };
    const record = await runPhases(plan, stage, this.#mesh.broken);
    const measured = measureRun({ ...record, nodes: nodes.map(({ name }) => name) });
    const { application, routing } = this.#settings;
    const setting = `${application.name}, ${this.#rate} requests/s, ${nodes.length} nodes, ${this.#mesh.replicas.length} replicas`;
    this.#result = {
      run: { ...measured, neighbourNode: node.name, setting: `${setting}, ${routing} routing` },
      rate: this.#rate,
      ...(this.#requestCpuSeconds === undefined ? {} : { requestCpuSeconds: this.#requestCpuSeconds }),
      machine: machineUse(counters, record.cpu),
    };
    return `${plan.length} under ${this.#rate} requests/s`;
  }
}
