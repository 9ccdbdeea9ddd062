/** The lab as a mesh for the demo: nodes by their control groups, everything else by kubectl. */
import { availableParallelism } from 'node:os';
import type { Mode } from '../../../central-controller/model/topology.ts';
import type { DemoMesh, DemoNode } from '../../local-mesh/demo.ts';
import type { CpuCounter } from '../../local-mesh/phases/cpu-recorder.ts';
import type { ShownStep } from '../../local-mesh/progress.ts';
import type { Balancer } from '../../local-mesh/report/phases.ts';
import type { LabApplication } from '../applications/application.ts';
import type { Lab } from '../lab.ts';
import type { LabNode } from '../node/node.ts';
import { startNeighbourPod, stopNeighbourPod } from './neighbour-pod.ts';

/** A worker has the CPU of its size, and the control plane's node has all of the machine's. */
function counterOf(node: LabNode): DemoNode {
  return {
    name: node.name,
    cores: node.settings.cores ?? availableParallelism(),
    cpuSeconds: () => node.cpuSeconds(),
    limit: (enforced) => node.limit(enforced),
  };
}

export class LabMesh implements DemoMesh {
  readonly steps: readonly ShownStep[];
  readonly gateway: URL;
  readonly nodes: readonly DemoNode[];
  readonly edge: CpuCounter;
  readonly sharesCores = false;
  readonly broken: AbortSignal;
  readonly #lab: Lab;
  readonly #application: LabApplication;
  #replicas: { nodeName: string }[] = [];

  /** `interrupted` ends the demo early. */
  constructor(lab: Lab, application: LabApplication, interrupted: AbortSignal) {
    this.#lab = lab;
    this.#application = application;
    this.gateway = application.ingress;
    this.nodes = lab.workers.map(counterOf);
    this.edge = counterOf(lab.controlPlane);
    this.broken = interrupted;
    this.steps = [{ title: 'Replicas', run: () => this.#findReplicas() }];
  }

  get replicas(): readonly { readonly nodeName: string }[] {
    return this.#replicas;
  }

  /** Mode Off removes Ballast's objects from the cluster, so that the sidecars balance by Istio's default. */
  async balanceBy(balancer: Balancer): Promise<void> {
    await this.setMode(balancer === 'ballast' ? 'Enforce' : 'Off');
  }

  /** Gives all policies of the application this mode. */
  async setMode(mode: Mode): Promise<void> {
    const policies = await this.#application.kubectl('get', 'loadbalancingpolicies', '-o', 'name');
    const names = policies.trim().split('\n');
    const patch = JSON.stringify({ spec: { mode } });
    await this.#application.kubectl('patch', ...names, '--type', 'merge', '--patch', patch);
  }

  async startNeighbour(node: DemoNode, cores: number): Promise<void> {
    await startNeighbourPod(this.#lab.kubectl, node, cores);
  }

  async stopNeighbour(): Promise<void> {
    await stopNeighbourPod(this.#lab.kubectl);
  }

  /** Restores the state before the demo: no neighbour, and Ballast balances. */
  async restore(): Promise<void> {
    await Promise.all([this.stopNeighbour(), this.setMode('Enforce')]);
  }

  async #findReplicas(): Promise<string> {
    const columns = 'custom-columns=kind:.metadata.ownerReferences[0].kind,node:.spec.nodeName';
    const pods = await this.#application.kubectl('get', 'pods', '--no-headers', '-o', columns);
    this.#replicas = pods
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/))
      .flatMap(([kind, nodeName = '']) => (kind === 'StatefulSet' ? [{ nodeName }] : []));
    await this.restore();
    return this.nodes
      .map(({ name }) => `${name} ${this.#replicas.filter(({ nodeName }) => nodeName === name).length}`)
      .join(', ');
  }
}
