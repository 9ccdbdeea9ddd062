/**
 * Ballast itself as a policy: the control loop, the agents' parts and the compiled plugin that ship, in virtual time.
 * Only the transport of messages between them is simulated, with the delay of each hop.
 */
import type { Parameters } from '../../../../central-controller/decide/settings.ts';
import type { ControlLoop } from '../../../../central-controller/loop.ts';
import { buildPlugin } from '../../../../wasm-plugin/build.ts';
import { compilePlugin } from '../../../wasm-plugin/support/host.ts';
import type { WasmModule } from '../../../wasm-plugin/support/web-assembly.ts';
import type { Fleet, Policy, RunningPolicy } from '../fleet/ports.ts';
import { type CpuSample, SimulatedAgent } from './agent.ts';
import { SimulatedController } from './controller.ts';
import {
  callerCount,
  callerName,
  callerNodeName,
  clusterName,
  nodeId,
  nodeName,
  replicaName,
  replicaUid,
} from './names.ts';
import { SimulatedProxy } from './proxy.ts';
import { CallerSide, type Flights, ServingSide } from './sidecars.ts';

export interface BallastOptions {
  readonly name?: string;
  /** Instead of those that ship, for experiments. */
  readonly parameters?: Partial<Parameters>;
  /** Gets the control loop before it starts. */
  readonly watch?: (loop: ControlLoop) => void;
}

export function ballast({ name = 'ballast', parameters = {}, watch }: BallastOptions = {}): Policy {
  return {
    name,
    async start(fleet) {
      const module = await compilePlugin(await buildPlugin());
      const controller = new SimulatedController(fleet, parameters);
      watch?.(controller.loop);
      controller.loop.start();
      return new BallastFleet(fleet, module, controller);
    },
  };
}

/** The CPU of a node and of the replicas on it, as its agent samples it. */
function cpuSampler(fleet: Fleet, node: number): () => CpuSample {
  const placed = fleet.services.flatMap((shape, service) =>
    [...shape.replicas.entries()]
      .filter(([, replica]) => replica.node === node)
      .map(([replica, { limitCores }]) => ({
        service,
        replica,
        uid: replicaUid(shape, replica),
        ...(limitCores !== undefined && { limitCores }),
      })),
  );
  return () => {
    const cores = fleet.nodes[node]?.cores ?? 1;
    const { busySeconds, replicaSeconds } = fleet.counters(node);
    return {
      cpu: { cores, busySeconds, stealSeconds: 0 },
      replicas: placed.map(({ service, replica, ...known }) => ({
        ...known,
        cpuSeconds: replicaSeconds(service, replica),
        throttledSeconds: 0,
      })),
    };
  };
}

const idle = (): CpuSample => ({ cpu: { cores: 1, busySeconds: 0, stealSeconds: 0 }, replicas: [] });

class BallastFleet implements RunningPolicy {
  readonly #fleet: Fleet;
  readonly #module: WasmModule;
  readonly #controller: SimulatedController;
  readonly #agents = new Map<string, SimulatedAgent>();
  readonly #callers: readonly SimulatedProxy[];
  readonly #flights: Flights = new Map();

  constructor(fleet: Fleet, module: WasmModule, controller: SimulatedController) {
    this.#fleet = fleet;
    this.#module = module;
    this.#controller = controller;
    const random = fleet.random('agents');
    for (const node of fleet.nodes.keys()) this.#startAgent(nodeName(node), random(), cpuSampler(fleet, node));
    this.#callers = Array.from({ length: callerCount(fleet) }, (_, caller) => {
      const node = callerNodeName(caller);
      // The agents of the other nodes get no assignments, because no caller is there.
      if (!this.#agents.has(node)) controller.connect(this.#startAgent(node, random(), idle));
      return this.#startProxy(callerName(caller), node);
    });
  }

  /** @param phase part of the interval after which it first reports: agents are not in step */
  #startAgent(node: string, phase: number, sample: () => CpuSample): SimulatedAgent {
    const { timeline } = this.#fleet;
    const report = this.#controller.send.bind(this.#controller);
    const agent = new SimulatedAgent({ node, timeline, phase, sample, report });
    this.#agents.set(node, agent);
    return agent;
  }

  #startProxy(pod: string, node: string): SimulatedProxy {
    const agent = this.#agents.get(node);
    if (!agent) throw new Error(`${pod} lives on ${node}, which has no agent`);
    const { timeline } = this.#fleet;
    const random = this.#fleet.random(`plugin of ${pod}`);
    return new SimulatedProxy({ timeline, module: this.#module, nodeId: nodeId(pod), agent, random });
  }

  balancer(service: number, caller: number): CallerSide {
    const shape = this.#fleet.services[service];
    const proxy = this.#callers[caller];
    if (!shape || !proxy) throw new Error(`no caller ${caller} of service ${service}`);
    const replicas = new Map(shape.replicas.map((_, replica) => [replicaName(shape, replica), replica]));
    const random = this.#fleet.random(`Istio's choice of ${callerName(caller)}`);
    return new CallerSide(proxy.vm, this.#flights, clusterName(shape), replicas, random);
  }

  replicaSide(service: number, replica: number): ServingSide {
    const shape = this.#fleet.services[service];
    const placed = shape?.replicas[replica];
    if (!shape || !placed) throw new Error(`no replica ${replica} of service ${service}`);
    const proxy = this.#startProxy(replicaName(shape, replica), nodeName(placed.node));
    return new ServingSide(proxy.vm, this.#flights);
  }
}
