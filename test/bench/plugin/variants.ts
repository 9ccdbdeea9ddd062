/** What is compared: the same proxy and the same service, with different filters in front of Envoy's router. */
import type { ReplicaAssignment } from '../../../contract/assignment.ts';
import { LOAD_HEADER } from '../../../contract/names.ts';
import {
  type Endpoint,
  listenerWith,
  outboundClusters,
  SESSION_FILTER,
  type TargetService,
  wasmFilter,
} from '../../envoy/support/envoy-config.ts';
import { EnvoyProcess, type EnvoySetup } from '../../envoy/support/envoy-process.ts';
import { FakeAgent } from '../../envoy/support/fake-agent.ts';
import { luaFilter } from './lua-filter.ts';
import type { MutualTls } from './mutual-tls.ts';
import { pin } from './process.ts';
import { HOST, PORT, sidecarSetup } from './sidecar.ts';

/** Requests/s that each proxy gets in its turn. */
export const RATE = 3000;

const NODE_ID = 'sidecar~127.0.0.1~frontend-0.hotel-reservation~hotel-reservation.svc.cluster.local';

export interface VariantSpec {
  readonly name: string;
  readonly label: string;
  /** `none`: nothing of ours. `session`: the target's Service is labelled for Endpoint routing, and nobody uses it. */
  readonly filter: 'none' | 'session' | 'idle' | 'plugin' | 'lua' | 'lua-draw';
  /** A sidecar is configured as istiod does it, with mutual TLS to the replicas; a bare proxy has nothing else. */
  readonly proxy: 'bare' | 'sidecar';
  readonly replicas: number;
}

/**
 * All variants, in the order in which they are measured: those that are compared are measured one after
 * the other. `none` of either kind of proxy is the reference.
 */
export const SPECS: readonly VariantSpec[] = [
  { name: 'none', label: 'nothing, 10 replicas', filter: 'none', proxy: 'sidecar', replicas: 10 },
  { name: 'ballast 10', label: 'plugin, 10 replicas', filter: 'plugin', proxy: 'sidecar', replicas: 10 },
  { name: 'lua 10', label: 'Lua, the same policy, 10 replicas', filter: 'lua', proxy: 'sidecar', replicas: 10 },
  {
    name: 'lua draw',
    label: 'Lua, a draw by weight alone, 10 replicas',
    filter: 'lua-draw',
    proxy: 'sidecar',
    replicas: 10,
  },
  { name: 'session', label: 'sessions alone, 10 replicas', filter: 'session', proxy: 'sidecar', replicas: 10 },
  { name: 'idle', label: 'a plugin that does nothing, 10 replicas', filter: 'idle', proxy: 'sidecar', replicas: 10 },
  { name: 'none 100', label: 'nothing, 100 replicas', filter: 'none', proxy: 'sidecar', replicas: 100 },
  { name: 'ballast 100', label: 'plugin, 100 replicas', filter: 'plugin', proxy: 'sidecar', replicas: 100 },
  { name: 'none 1000', label: 'nothing, 1,000 replicas', filter: 'none', proxy: 'sidecar', replicas: 1000 },
  { name: 'ballast 1000', label: 'plugin, 1,000 replicas', filter: 'plugin', proxy: 'sidecar', replicas: 1000 },
  { name: 'bare none', label: 'bare proxy: nothing, 10 replicas', filter: 'none', proxy: 'bare', replicas: 10 },
  { name: 'bare ballast', label: 'bare proxy: plugin, 10 replicas', filter: 'plugin', proxy: 'bare', replicas: 10 },
];

/** What a measurement of cost needs. */
export interface Measured {
  readonly name: string;
  readonly url: URL;
  readonly pid: number;
  /** The agent gives the proxies a new version of the table, as it does when weights move. */
  publish(): void;
}

/** A proxy under test, pinned to its core. */
export interface Variant extends VariantSpec, Measured, AsyncDisposable {}

/** Replicas with addresses of their own that all reach the one upstream. */
function endpointsAt(port: number, count: number): Endpoint[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `echo-${i}`,
    address: `127.31.${Math.floor(i / 200)}.${1 + (i % 200)}:${port}`,
  }));
}

/** Ports of the replicas: without TLS, and with it. */
export interface Upstream extends AsyncDisposable {
  readonly plain: number;
  readonly secured: number;
}

/** The replicas of all variants: one Envoy that answers by itself, with the load header of a replica's sidecar. */
export async function startUpstream(core: number, tls: MutualTls): Promise<Upstream> {
  const manager = {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'upstream',
    route_config: {
      virtual_hosts: [
        {
          name: 'upstream',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'x'.repeat(256) } } },
          ],
          response_headers_to_add: [
            { header: { key: LOAD_HEADER, value: '1;2000;500;%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%' } },
          ],
        },
      ],
    },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  };
  const listener = (name: string, chain: object): object => ({
    name,
    address: { socket_address: { address: '0.0.0.0', port_value: 0 } },
    // A thousand connections open at nearly the same time.
    tcp_backlog_size: 4096,
    filter_chains: [
      { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }], ...chain },
    ],
  });
  const envoy = await EnvoyProcess.start({
    nodeId: 'upstream',
    clusters: [],
    listeners: [listener('plain', {}), listener('secured', { transport_socket: tls.replica })],
  });
  await pin(envoy.pid, core);
  const portOf = async (name: string): Promise<number> => Number((await envoy.address(name)).split(':').at(-1));
  return {
    plain: await portOf('plain'),
    secured: await portOf('secured'),
    [Symbol.asyncDispose]: () => envoy.stop(),
  };
}

function assignments(endpoints: readonly Endpoint[]): ReplicaAssignment[] {
  return endpoints.map(({ name, address }) => ({
    name,
    address,
    weight: 1 / endpoints.length,
  }));
}

/** What all proxies of a run share. */
export interface Environment {
  /** Path of the plugin. */
  readonly wasm: string;
  /** Path of the plugin that does nothing. */
  readonly idle: string;
  readonly upstream: Upstream;
  readonly tls: MutualTls;
  /** Core that proxies run on. */
  readonly core: number;
}

/** A proxy with only what the variant needs. */
function bareSetup(
  endpoints: readonly Endpoint[],
  agent: string,
  chooser: readonly object[],
  sessions: boolean,
): Omit<EnvoySetup, 'nodeId'> {
  const service: TargetService = { host: HOST, port: PORT, routing: 'Endpoint', endpoints };
  // Without the session filter the route does not mention it.
  const target: TargetService = sessions ? service : { ...service, routing: 'Subset', endpoints: [] };
  return {
    listeners: [listenerWith([...chooser, ...(sessions ? [SESSION_FILTER] : [])], [target])],
    clusters: outboundClusters([service], agent),
  };
}

/** Starts a variant's proxy with one worker, everything of it on one core. */
export async function startVariant(
  spec: VariantSpec,
  { wasm, idle, upstream, tls, core }: Environment,
): Promise<Variant> {
  await using started = new AsyncDisposableStack();
  const agent = started.use(await FakeAgent.start());
  const isSidecar = spec.proxy === 'sidecar';
  const endpoints = endpointsAt(isSidecar ? upstream.secured : upstream.plain, spec.replicas);
  const chooser = {
    none: [],
    session: [],
    idle: [wasmFilter({ wasm: idle })],
    plugin: [wasmFilter({ wasm })],
    lua: [luaFilter(endpoints, 'whole')],
    'lua-draw': [luaFilter(endpoints, 'draw')],
  }[spec.filter];
  const sessions = spec.filter !== 'none';
  const setup = isSidecar
    ? await sidecarSetup({ endpoints, agent: agent.address, chooser, sessions, transportSocket: tls.caller })
    : bareSetup(endpoints, agent.address, chooser, sessions);
  const envoy = started.use(await EnvoyProcess.start({ nodeId: NODE_ID, ...setup }));
  await pin(envoy.pid, core);
  const publish = (): void => {
    agent.publish([{ key: `${PORT}|${HOST}`, routing: 'Endpoint', pinning: false, replicas: assignments(endpoints) }]);
  };
  publish();
  const url = new URL(`http://${await envoy.address('outbound')}/`);
  const running = started.move();
  return { ...spec, url, pid: envoy.pid, publish, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
