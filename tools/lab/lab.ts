/** A lab that runs, for those who work with it: its nodes, kubectl, and what is found where. */
import { existsSync } from 'node:fs';
import { BallastError } from '../../contract/errors.ts';
import { apiServerIsReady } from './control-plane/control-plane.ts';
import { Kubectl } from './control-plane/kubectl.ts';
import { LabCgroups } from './node/cgroups.ts';
import { LabNode } from './node/node.ts';
import { CONTROL_PLANE_NAME, INGRESS_ADDRESS, NODES } from './settings.ts';
import { LabFolder } from './state/lab-folder.ts';
import { ensurePrograms, type Programs } from './programs/programs.ts';

export interface PodReference {
  readonly namespace: string;
  readonly pod: string;
  /** Default: the pod's first container. */
  readonly container?: string;
}

export class Lab {
  readonly folder: LabFolder;
  readonly cgroups: LabCgroups;
  readonly programs: Programs;
  /** All nodes, the control plane's among them. */
  readonly nodes: readonly LabNode[];
  readonly kubectl: Kubectl;
  /** Where the hotel application's ingress gateway listens; reachable from this machine. */
  readonly ingress = new URL(`http://${INGRESS_ADDRESS}/`);

  constructor(folder: LabFolder, cgroups: LabCgroups, programs: Programs) {
    this.folder = folder;
    this.cgroups = cgroups;
    this.programs = programs;
    this.nodes = NODES.map((node) => new LabNode(node, folder, cgroups, programs));
    this.kubectl = new Kubectl(programs.hyper, folder.kubeconfig);
  }

  /** Nodes of limited size, on which the replicas run. */
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

  /** Runs a command in a container; what it wrote to standard output. */
  async exec({ namespace, pod, container }: PodReference, command: readonly string[]): Promise<string> {
    const within = container === undefined ? [] : ['--container', container];
    return this.kubectl.run('--namespace', namespace, 'exec', pod, ...within, '--', ...command);
  }

  /** Does its control plane run and answer? */
  async answers(): Promise<boolean> {
    return existsSync(this.folder.kubeconfig) && this.controlPlane.runs && (await apiServerIsReady(this.folder));
  }
}

/**
 * The lab of this machine, whether it is up or not. Builds what is missing of the programs first.
 * @throws BallastError MISSING_TOOL, BUILD_FAILED or NO_CPU_SOURCE where this machine cannot have one
 */
export async function findLab(progress: (text: string) => void = () => {}): Promise<Lab> {
  return new Lab(new LabFolder(), LabCgroups.find(), await ensurePrograms(progress));
}

/**
 * The lab that is up.
 * @throws BallastError LAB_DOWN when it is not
 */
export async function openLab(): Promise<Lab> {
  // Asked first: to say that there is none, nothing needs to be built.
  if (existsSync(new LabFolder().kubeconfig)) {
    const lab = await findLab();
    if (await lab.answers()) return lab;
  }
  throw new BallastError('LAB_DOWN', 'the lab is not up');
}
