/** The mesh in which all balancers are measured, and the switch between them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { hotelReservation as hotel } from '../../../tools/local-mesh/applications/applications.ts';
import { ADMIN_PORT, SERVICE_PORT } from '../../../tools/local-mesh/envoy/proxy.ts';
import { freeNetwork } from '../../../tools/local-mesh/mesh/free-network.ts';
import type { LocalMesh } from '../../../tools/local-mesh/mesh/mesh.ts';
import type { MeshSettings } from '../../../tools/local-mesh/mesh/settings.ts';
import { CpuRecorder, hostCpu, ownCpu } from '../../../tools/local-mesh/phases/cpu-recorder.ts';
import { inOrder, machineUse } from '../../../tools/local-mesh/phases/machine-use.ts';
import { percentilesOf } from '../../../tools/local-mesh/phases/measure.ts';
import { type Load, runLoad } from '../../../tools/load-generator/load.ts';
import type { LoadSecond } from '../../../tools/load-generator/measure/tally.ts';
import type { Arrivals } from '../../../tools/load-generator/workload/arrivals.ts';
import type { Mix } from '../../../tools/load-generator/workload/mix.ts';
import { withRivals } from './patch-proxy.ts';
import { type Policy, RIVALS, runtimeKey } from './policies.ts';

/** Cores of the nodes: uneven, as in a cluster that grew over years. Their sum leaves room for the other processes. */
const NODE_CORES = [0.4, 0.3, 0.3, 0.2];
const CONNECTIONS = 256;
/** Bounds the backlog of a balancer that cannot carry the load. */
const TIMEOUT_SECONDS = 3;
/** The start of each cell, which is not measured: the balancer settles under the load. */
const SETTLE_SECONDS = 3;

/** Gateway to frontend, which asks one service and then another: each request is balanced three times. */
const MIX: Mix = {
  name: 'recommendations',
  parameters: {
    require: { kind: 'choice', of: { dis: 1, rate: 1, price: 1 } },
    lat: { kind: 'decimal', from: 37.783, to: 38.264, decimals: 3 },
    lon: { kind: 'decimal', from: -122.252, to: -121.927, decimals: 3 },
  },
  requests: [
    { name: 'recommend', weight: 1, method: 'GET', path: '/recommendations?require={require}&lat={lat}&lon={lon}' },
  ],
};

/** A replica of each service on each node. */
export async function meshSettings(): Promise<MeshSettings> {
  return {
    application: hotel,
    routing: 'Endpoint',
    services: ['frontend', 'recommendation', 'profile'],
    replicas: NODE_CORES.length,
    nodes: NODE_CORES.map((cores, index) => ({ name: `node-${index + 1}`, cores, appetite: 1 })),
    network: await freeNetwork(),
    pinned: false,
    patchProxy: withRivals,
  };
}

export function startLoad(
  mesh: LocalMesh,
  rate: number,
  more: { seed?: number; arrivals?: Arrivals; durationSeconds?: number; onSecond?: (second: LoadSecond) => void } = {},
): Load {
  const fixed = { url: mesh.gateway, mix: MIX, connections: CONNECTIONS, timeoutSeconds: TIMEOUT_SECONDS };
  return runLoad({ ...fixed, rate, seed: 1, ...more });
}

/** The ORCA load report of a replica under load. Without it the weighted round robin is a plain one. */
export async function loadReport(mesh: LocalMesh, signal: AbortSignal): Promise<string> {
  const [replica] = mesh.replicas;
  const { headers, body } = await request(`http://${replica?.ip ?? ''}:${SERVICE_PORT}/livez`, { signal });
  await body.dump();
  return String(headers['endpoint-load-metrics'] ?? 'none');
}

/** Lets every proxy balance by `policy` from the next request on. */
export async function switchTo(mesh: LocalMesh, policy: Policy, signal: AbortSignal): Promise<void> {
  const values = Object.keys(RIVALS)
    .map((rival) => `${runtimeKey(rival)}=${rival === policy ? 100 : 0}`)
    .join('&');
  const proxies = [mesh.gateway.hostname, ...mesh.replicas.map(({ ip }) => ip)];
  await Promise.all(
    proxies.map(async (ip) => {
      const url = `http://${ip}:${ADMIN_PORT}/runtime_modify?${values}`;
      const { statusCode, body } = await request(url, { method: 'POST', signal });
      const said = await body.text();
      if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}: ${said}`);
    }),
  );
}

export interface CellRequest {
  readonly rate: number;
  readonly arrivals: Arrivals;
  readonly measureSeconds: number;
  /** Same seed, same requests. */
  readonly seed: number;
  /** Goes on from the first measured second. */
  readonly during?: (signal: AbortSignal) => Promise<void>;
}

export interface CellFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests due in the measured seconds, and those of them that failed. */
  readonly due: number;
  readonly failed: number;
  /** CPU of the mean and of the busiest node, 0 to 1. */
  readonly meanNode: number;
  readonly busiestNode: number;
  /** CPU that other processes of the machine used. */
  readonly othersCores: number;
}

/** Total seconds of a cell. */
export function cellSeconds(measureSeconds: number): number {
  return SETTLE_SECONDS + measureSeconds + 0.5;
}

/** Runs a load. Returns its latency and the nodes' CPU after the first seconds. */
export async function measureCell(mesh: LocalMesh, cell: CellRequest, signal: AbortSignal): Promise<CellFigures> {
  const seconds: LoadSecond[] = [];
  const load = startLoad(mesh, cell.rate, {
    seed: cell.seed,
    arrivals: cell.arrivals,
    durationSeconds: SETTLE_SECONDS + cell.measureSeconds,
    onSecond: (second) => seconds.push(second),
  });
  try {
    await sleep(SETTLE_SECONDS * 1000, undefined, { signal });
    const counters = { nodes: mesh.nodes, edge: [mesh.edge, ownCpu()], host: hostCpu() };
    const recorder = new CpuRecorder(inOrder(counters), Date.now());
    const disturbed = cell.during?.(signal) ?? Promise.resolve();
    await Promise.all([sleep(cell.measureSeconds * 1000, undefined, { signal }), disturbed]);
    recorder.read(Date.now());
    await load.finished;
    const measured = seconds.filter(({ index }) => index >= SETTLE_SECONDS);
    const { p50Ms, p99Ms } = percentilesOf(measured);
    const busy = recorder.steps[0]?.utilisation.slice(0, mesh.nodes.length) ?? [];
    return {
      p50Ms,
      p99Ms,
      due: measured.reduce((sum, { due }) => sum + due, 0),
      failed: measured.reduce((sum, { failed }) => sum + failed, 0),
      meanNode: busy.reduce((sum, part) => sum + part, 0) / busy.length,
      busiestNode: Math.max(...busy),
      othersCores: machineUse(counters, recorder.steps).othersCores,
    };
  } finally {
    await load.stop();
  }
}
