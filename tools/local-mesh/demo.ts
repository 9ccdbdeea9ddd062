/** The demo: a mesh under constant load, in which Istio's default and Ballast take turns. */
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
  /** Enforces the node's CPU limit, or lifts it so that everything starts at the machine's speed. */
  limit(enforced: boolean): void;
}

/** Port. A mesh of processes on this machine, or of pods in a cluster. It is usable after its `steps` have run. */
export interface DemoMesh<Node extends DemoNode = DemoNode> {
  readonly steps: readonly ShownStep[];
  readonly gateway: URL;
  /** Nodes of limited CPU, with the replicas. */
  readonly nodes: readonly Node[];
  /** What the mesh runs outside of the nodes. */
  readonly edge: CpuCounter;
  readonly replicas: readonly { readonly nodeName: string }[];
  /** True if the nodes share the machine's cores with everything else, instead of having quotas. */
  readonly sharesCores: boolean;
  /** Aborted with the cause as its reason when the mesh stops serving. */
  readonly broken: AbortSignal;
  balanceBy(balancer: Balancer): Promise<void> | void;
  /** Starts a neighbour that takes `cores` of the node's CPU. */
  startNeighbour(node: Node, cores: number): Promise<void> | void;
  stopNeighbour(): Promise<void>;
}

/** Mean utilisation of the nodes without a neighbour, if they share their cores with everything else. */
const SHARED_NODES_BUSY = 0.35;
/** Fraction of its node that the neighbour takes. */
const NEIGHBOUR_FRACTION = 0.7;

export interface DemoSettings extends PlanRequest {
  /** What the mesh runs. */
  readonly application: Pick<MeshApplication, 'name' | 'mix'>;
  /** Requests per second; calibration chooses the rate if there is none. */
  readonly rate?: number;
  /** Mean utilisation of the nodes that calibration aims at, without a neighbour. Nodes that share cores get less. */
  readonly nodesBusy: number;
  readonly routing: Routing;
  /** Node that the neighbour runs on. Default: the one with the most replicas per core. */
  readonly neighbourOn?: string;
}

export interface DemoResult {
  readonly run: MeasuredRun;
  readonly rate: number;
  /** CPU time of the nodes per request, core-seconds. Calibration measures it. */
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

  /** All steps to the measured result. */
  get steps(): readonly ShownStep[] {
    return [
      ...this.#mesh.steps,
      { title: 'Rate', run: () => this.#chooseRate() },
      { title: 'Phases', run: (progress) => this.#runPhases(progress) },
    ];
  }

  /** Continues under load with Ballast until the mesh is stopped. */
  async goOn(): Promise<void> {
    await this.#mesh.balanceBy('ballast');
    this.#load = this.#startLoad({ rate: this.#rate });
  }

  /** Sends no more requests. */
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
