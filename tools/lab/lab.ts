/** A running lab: its nodes, kubectl, folders and programs. */
import { existsSync } from 'node:fs';
import { BallastError } from '../../contract/errors.ts';
import { DEFAULT_PAIR, type Pair, istioRelease, kubernetesRelease, nameOf } from '../install/versions.ts';
import { apiServerIsReady } from './control-plane/control-plane.ts';
import { Kubectl } from './control-plane/kubectl.ts';
import { LabCgroups } from './node/cgroups.ts';
import { LabNode } from './node/node.ts';
import { CONTROL_PLANE_NAME, INGRESS_ADDRESS, NODES } from './settings.ts';
import { LabFolder, readRecord } from './state/lab-folder.ts';
import { ensurePrograms, type Programs } from './programs/programs.ts';

export interface PodReference {
  readonly namespace: string;
  readonly pod: string;
  /** Default: the first container of the pod. */
  readonly container?: string;
}

export class Lab {
  readonly folder: LabFolder;
  readonly cgroups: LabCgroups;
  readonly programs: Programs;
  /** All nodes, including the control plane's. */
  readonly nodes: readonly LabNode[];
  readonly kubectl: Kubectl;
  /** Address of the hotel application's ingress gateway, reachable from this machine. */
  readonly ingress = new URL(`http://${INGRESS_ADDRESS}/`);

  constructor(folder: LabFolder, cgroups: LabCgroups, programs: Programs) {
    this.folder = folder;
    this.cgroups = cgroups;
    this.programs = programs;
    this.nodes = NODES.map((node) => new LabNode(node, folder, cgroups, programs));
    this.kubectl = new Kubectl(programs.hyper, folder.kubeconfig);
  }

  /** Nodes of limited size, which run the replicas. */
  get workers(): readonly LabNode[] {
    return this.nodes.filter(({ settings }) => !settings.isControlPlane);
  }

  get controlPlane(): LabNode {
    return this.node(CONTROL_PLANE_NAME);
  }

  /** @throws BallastError UNKNOWN_NODE */
  node(name: string): LabNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found) return found;
    const names = this.nodes.map((node) => node.name).join(', ');
    throw new BallastError('UNKNOWN_NODE', `the lab has no node ${name}, but ${names}`);
  }

  /** Runs a command in a container and returns its standard output. */
  async exec({ namespace, pod, container }: PodReference, command: readonly string[]): Promise<string> {
    const within = container === undefined ? [] : ['--container', container];
    return this.kubectl.run('--namespace', namespace, 'exec', pod, ...within, '--', ...command);
  }

  /** Whether its control plane runs and answers. */
  async answers(): Promise<boolean> {
    return existsSync(this.folder.kubeconfig) && this.controlPlane.runs && (await apiServerIsReady(this.folder));
  }
}

/** What a command wants of the lab, where it wants anything: else the lab that is there, or the usual one. */
export interface LabWish {
  readonly kubernetes?: string | undefined;
  readonly istio?: string | undefined;
}

/** Name of the environment variable with the releases of a new lab, such as `1.37/1.31`. */
export const PAIR_VARIABLE = 'BALLAST_LAB';

/** @throws BallastError LAB_BUSY if a lab of other releases is there, INVALID_FLAG for unknown ones */
function pairOf(folder: LabFolder, wish: LabWish): Pair {
  const [kubernetes, istio] = process.env[PAIR_VARIABLE]?.split('/') ?? [];
  const record = readRecord(folder);
  const usual = record ?? { kubernetes: kubernetes ?? DEFAULT_PAIR.kubernetes, istio: istio ?? DEFAULT_PAIR.istio };
  const pair = { kubernetes: wish.kubernetes ?? usual.kubernetes, istio: wish.istio ?? usual.istio };
  kubernetesRelease(pair.kubernetes);
  istioRelease(pair.istio);
  if (record === undefined || nameOf(record) === nameOf(pair)) return pair;
  throw new BallastError(
    'LAB_BUSY',
    `the lab is up with ${nameOf(record)}: before ${nameOf(pair)}, npm run lab -- down`,
  );
}

/**
 * The lab of this machine, whether or not it is up. Builds missing programs first.
 * @throws BallastError MISSING_TOOL, BUILD_FAILED or NO_CPU_SOURCE if this machine cannot run a lab; LAB_BUSY if one of
 * other releases is up
 */
export async function findLab(progress: (text: string) => void = () => {}, wish: LabWish = {}): Promise<Lab> {
  const folder = new LabFolder();
  const pair = pairOf(folder, wish);
  return new Lab(folder, LabCgroups.find(), await ensurePrograms(pair, progress));
}

/**
 * The lab, which must be up.
 * @throws BallastError LAB_DOWN if it is not
 */
export async function openLab(): Promise<Lab> {
  // Checked first, because no program needs to be built to report that there is no lab.
  if (existsSync(new LabFolder().kubeconfig)) {
    const lab = await findLab();
    if (await lab.answers()) return lab;
  }
  throw new BallastError('LAB_DOWN', 'the lab is not up');
}
