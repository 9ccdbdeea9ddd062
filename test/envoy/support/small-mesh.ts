/** One calling proxy and a service of three replicas, with or without a proxy of their own, all with the plugin. */
import { Agent, request } from 'undici';
import type { Routing, ServiceAssignment } from '../../../contract/assignment.ts';
import { buildPlugin } from '../../../wasm-plugin/build.ts';
import { Application } from './application.ts';
import {
  inboundClusters,
  inboundListener,
  outboundClusters,
  outboundListener,
  type Endpoint,
  type TargetService,
} from './envoy-config.ts';
import { EnvoyProcess, until } from './envoy-process.ts';
import { FakeAgent } from './fake-agent.ts';

const HOST = 'echo.shop.svc.cluster.local';
const NAMES = ['echo-0', 'echo-1', 'echo-2'];

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Which application answered; undefined where none did. */
  readonly name: string | undefined;
  /** Headers that the application got. */
  readonly seen: Readonly<Record<string, string>>;
}

export interface MeshSetup {
  readonly routing: Routing;
  /** Whether replicas have proxies of their own. */
  readonly sidecars: boolean;
  readonly workers?: number;
}

interface Parts {
  readonly agent: FakeAgent;
  readonly applications: readonly Application[];
  readonly caller: EnvoyProcess;
  readonly service: TargetService;
  readonly plugin: { wasm: string };
  readonly sidecars: ReadonlyMap<string, EnvoyProcess>;
  readonly entry: string;
  readonly connections: Agent;
  readonly running: AsyncDisposableStack;
}

export class SmallMesh implements AsyncDisposable {
  readonly agent: FakeAgent;
  readonly applications: readonly Application[];
  readonly caller: EnvoyProcess;
  readonly service: TargetService;
  readonly plugin: { wasm: string };
  readonly #sidecars: ReadonlyMap<string, EnvoyProcess>;
  readonly #entry: string;
  readonly #connections: Agent;
  readonly #running: AsyncDisposableStack;

  private constructor(parts: Parts) {
    this.agent = parts.agent;
    this.applications = parts.applications;
    this.caller = parts.caller;
    this.service = parts.service;
    this.plugin = parts.plugin;
    this.#sidecars = parts.sidecars;
    this.#entry = parts.entry;
    this.#connections = parts.connections;
    this.#running = parts.running;
  }

  static async start({ routing, sidecars, workers = 1 }: MeshSetup): Promise<SmallMesh> {
    // What is running already is stopped should a later part fail to start.
    await using running = new AsyncDisposableStack();
    const plugin = { wasm: await buildPlugin() };
    const agent = running.use(await FakeAgent.start());
    const applications: Application[] = [];
    const endpoints: Endpoint[] = [];
    const proxies = new Map<string, EnvoyProcess>();
    for (const name of NAMES) {
      const application = running.use(await Application.start(name));
      applications.push(application);
      let { address } = application;
      if (sidecars) {
        const setup = {
          nodeId: `sidecar~127.0.0.1~${name}.shop~shop.svc.cluster.local`,
          listeners: [inboundListener(plugin)],
          clusters: inboundClusters(address, agent.address),
        };
        const proxy = running.use(await EnvoyProcess.start(setup));
        proxies.set(name, proxy);
        address = await proxy.address('inbound');
      }
      endpoints.push({ name, address });
    }
    const service = { host: HOST, port: 8080, routing, endpoints };
    const caller = running.use(
      await EnvoyProcess.start({
        nodeId: 'sidecar~127.0.0.1~caller-0.shop~shop.svc.cluster.local',
        listeners: [outboundListener([service], plugin)],
        clusters: outboundClusters([service], agent.address),
        concurrency: workers,
      }),
    );
    const entry = await caller.address('outbound');
    // A connection per request: one that Envoy closes while it is idle is no failure of the plugin.
    const connections = running.adopt(new Agent({ pipelining: 0 }), (held) => held.destroy());
    const parts = { agent, applications, caller, service, plugin, sidecars: proxies, entry, connections };
    return new SmallMesh({ ...parts, running: running.move() });
  }

  /** The assignment of the three replicas with these weights. */
  assignment(weights: readonly [number, number, number], more: Partial<ServiceAssignment> = {}): ServiceAssignment {
    const replicas = this.service.endpoints.map(({ name, address }, i) => ({
      name,
      address,
      weight: weights[i] ?? 0,
    }));
    return { key: `8080|${HOST}`, routing: this.service.routing, pinning: false, replicas, ...more };
  }

  /** Publishes the weights and waits until the caller's proxy follows them (one replica alone has a weight). */
  async send(only: string, validForMs = 60_000): Promise<void> {
    const weights = NAMES.map((name) => (name === only ? 1 : 0)) as [number, number, number];
    this.agent.publish([this.assignment(weights)], validForMs);
    await until(async () => {
      const answers = await this.getMany(8);
      return answers.every(({ name }) => name === only);
    }, `all requests to go to ${only}`);
  }

  async get(headers: Record<string, string> = {}): Promise<Answer> {
    const response = await request(`http://${this.#entry}/`, {
      headers: { host: HOST, ...headers },
      dispatcher: this.#connections,
    });
    const text = await response.body.text();
    const body = (response.statusCode === 200 ? JSON.parse(text) : {}) as { name?: string; headers?: Answer['seen'] };
    return { status: response.statusCode, headers: response.headers, name: body.name, seen: body.headers ?? {} };
  }

  async getMany(count: number): Promise<Answer[]> {
    return Promise.all(Array.from({ length: count }, () => this.get()));
  }

  /** Kills a replica's application, and waits until its proxy has seen that their connections are closed. */
  async kill(name: string): Promise<void> {
    await this.application(name).kill();
    const sidecar = this.#sidecars.get(name);
    if (!sidecar) return;
    await until(async () => {
      const text = await sidecar.admin('/stats?filter=upstream_cx_active');
      return text.split('\n').some((line) => line.startsWith('cluster.inbound') && line.endsWith('_active: 0'));
    }, `the proxy of ${name} to see it die`);
  }

  application(name: string): Application {
    const found = this.applications.find((application) => application.name === name);
    if (!found) throw new Error(`no application ${name}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.disposeAsync();
  }
}
